import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../errors.js';
import { type IngestOptions, type IngestProgress, type IngestReport, ingest } from './ingest.js';

/** What the thread that indexes is told. */
export interface IndexTask {
  readonly paths: readonly string[];
  readonly options: Omit<IngestOptions, 'onProgress' | 'stdin'>;
  /** The list that `-` stands for. */
  readonly list?: string;
}

/** What it says, one or more of the first and one of the others. */
export type IndexMessage =
  | { readonly progress: IngestProgress }
  | { readonly report: IngestReport }
  | { readonly refused: { readonly where: string; readonly what: string; readonly advice: string } }
  | {
      readonly failed: {
        readonly message: string;
        readonly code?: string;
        readonly path?: string;
        readonly stack?: string;
      };
    };

const say = (message: IndexMessage) => parentPort!.postMessage(message);

async function run({ paths, options, list }: IndexTask): Promise<void> {
  try {
    const report = await ingest(paths, {
      ...options,
      ...(list !== undefined && { stdin: once(list) }),
      onProgress: (progress) => say({ progress }),
    });
    say({ report });
  } catch (error) {
    say(error instanceof InputError ? { refused: refusalIn(error) } : { failed: failureIn(error) });
  }
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}

function refusalIn({ where, what, advice }: InputError) {
  return { where, what, advice };
}

/** An error loses what is its own on the way to another thread. */
function failureIn(error: unknown) {
  if (!(error instanceof Error)) return { message: String(error) };
  const { message, code, path, stack } = error as NodeJS.ErrnoException;
  return {
    message,
    ...(code !== undefined && { code }),
    ...(path !== undefined && { path }),
    ...(stack !== undefined && { stack }),
  };
}

void run(workerData as IndexTask);
