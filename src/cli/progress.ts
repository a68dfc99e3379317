import type { IngestProgress } from '../index/ingest.js';

/** A bar on a terminal, nothing in a pipe. */
export interface Progress {
  update(progress: IngestProgress): void;
  stop(): void;
}

/** Finer than a terminal is wide. */
const STEPS = 1000;

export async function startProgress(what: string): Promise<Progress> {
  if (!process.stderr.isTTY) return { update() {}, stop() {} };
  const { SingleBar, Presets } = (await import('cli-progress')).default;
  const bar = new SingleBar(
    {
      format: `${what} {bar} {percentage}%, {phase}`,
      clearOnComplete: true,
      hideCursor: true,
    },
    Presets.shades_classic,
  );
  let started = false;
  return {
    update({ part, phase }) {
      if (!started) bar.start(STEPS, 0, { phase });
      started = true;
      bar.update(Math.round(part * STEPS), { phase });
    },
    stop: () => bar.stop(),
  };
}
