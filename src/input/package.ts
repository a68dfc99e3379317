import { filtered } from './program.js';

/** A package of a distribution. */
export type PackageKind = 'rpm' | 'deb';

const RPM = Buffer.from('edabeedb', 'hex');
const DEB = Buffer.from('!<arch>\ndebian-binary');

export function packageKind(head: Buffer): PackageKind | undefined {
  if (head.subarray(0, RPM.length).equals(RPM)) return 'rpm';
  return head.subarray(0, DEB.length).equals(DEB) ? 'deb' : undefined;
}

const CONVERT = ['-cf', '-', '--format=pax'];

/** A package's files as a tar archive; those of a deb package are in its data.tar, however that is compressed. */
export function packageChunks(kind: PackageKind, path: string): AsyncGenerator<Uint8Array> {
  const said = {
    what: `is ${kind === 'rpm' ? 'an rpm' : 'a deb'} package`,
    advice: 'install bsdtar (libarchive-tools), or unpack the package and give the folder',
  };
  const run = (args: readonly string[], input?: AsyncIterable<Uint8Array>) =>
    filtered({ program: 'bsdtar', args, ...said }, input, path);
  if (kind === 'rpm') return run([...CONVERT, `@${path}`]);
  return run([...CONVERT, '@-'], run(['-xOf', path, 'data.tar*']));
}
