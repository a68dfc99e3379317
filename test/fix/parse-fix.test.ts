import { createTwoFilesPatch } from 'diff';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../src/errors.js';
import { parseFix } from '../../src/fix/index.js';

const MAIL = `From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: A <a@example.org>
Subject: [PATCH 1/2] mm: fix it

--- is no file header here, and +++ neither
---
 mm/a.c | 3 ++-
 1 file changed, 2 insertions(+), 1 deletion(-)

diff --git a/mm/a.c b/mm/a.c
index 1111111..2222222 100644
--- a/mm/a.c
+++ b/mm/a.c
@@ -10,3 +10,4 @@ static int f(struct x *y)
 	one();
-	two();
+	2();
+	3();
 	four();
-- 
2.39.2

`;

const SECOND = MAIL.replaceAll('mm/a.c', 'fs/b.c').replace('1/2', '2/2');

describe('parseFix', () => {
  it('reads a mail, and its signature is no removed line', () => {
    const { files } = parseFix(MAIL, 'fix.patch');
    expect(files).toHaveLength(1);
    expect(files[0]).toMatchObject({
      path: 'mm/a.c',
      oldPath: 'mm/a.c',
      newPath: 'mm/a.c',
      written: { old: 'a/mm/a.c', new: 'b/mm/a.c' },
      change: 'modified',
      binary: false,
      where: 'fix.patch:10',
    });
    expect(files[0]!.hunks).toEqual([
      {
        oldStart: 10,
        oldLines: 3,
        newStart: 10,
        newLines: 4,
        header: 'static int f(struct x *y)',
        where: 'fix.patch:14',
        lines: [
          { type: ' ', text: '\tone();', oldLine: 10, newLine: 10 },
          { type: '-', text: '\ttwo();', oldLine: 11 },
          { type: '+', text: '\t2();', newLine: 11 },
          { type: '+', text: '\t3();', newLine: 12 },
          { type: ' ', text: '\tfour();', oldLine: 12, newLine: 13 },
        ],
      },
    ]);
  });

  it('reads several patches in one file, and mails with CRLF', () => {
    const both = parseFix(MAIL + SECOND, 'p');
    expect(both.files.map(({ path }) => path)).toEqual(['mm/a.c', 'fs/b.c']);
    expect(parseFix((MAIL + SECOND).replaceAll('\n', '\r\n'), 'p')).toEqual(both);
  });

  it('keeps the carriage returns of a CRLF file in a patch with LF', () => {
    const { files } = parseFix('--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-a\r\n+b\r\n', 'p');
    expect(files[0]!.hunks[0]!.lines.map(({ text }) => text)).toEqual(['a\r', 'b\r']);
  });

  it('reads what git says about a file beside its lines', () => {
    const { files } = parseFix(
      `diff --git a/old name.c b/new name.c
similarity index 90%
rename from old name.c
rename to new name.c
diff --git a/run.sh b/run.sh
old mode 100644
new mode 100755
diff --git a/new.c b/new.c
new file mode 100644
index 0000000..1
--- /dev/null
+++ b/new.c
@@ -0,0 +1 @@
+int x;
\\ No newline at end of file
diff --git a/gone.c b/gone.c
deleted file mode 100644
--- a/gone.c
+++ /dev/null
@@ -1 +0,0 @@
-int x;
diff --git a/x.bin b/x.bin
index 1..2 100644
GIT binary patch
literal 3
Kcmc~y

literal 2
-- not a line

diff --git a/y.bin b/y.bin
Binary files a/y.bin and b/y.bin differ
diff --git "a/t\\303\\244b\\t.c" "b/t\\303\\244b\\t.c"
--- "a/t\\303\\244b\\t.c"
+++ "b/t\\303\\244b\\t.c"
@@ -1 +1 @@
-a
+b
`,
      'p',
    );
    expect(files.map(({ path, newPath, change, binary }) => [path, newPath, change, binary])).toEqual([
      ['old name.c', 'new name.c', 'renamed', false],
      ['run.sh', 'run.sh', 'mode', false],
      ['new.c', 'new.c', 'added', false],
      ['gone.c', undefined, 'deleted', false],
      ['x.bin', 'x.bin', 'modified', true],
      ['y.bin', 'y.bin', 'modified', true],
      ['täb\t.c', 'täb\t.c', 'modified', false],
    ]);
  });

  it.each([
    ['a/mm/x.c', 'b/mm/x.c', 'mm/x.c'],
    ['i/mm/x.c', 'w/mm/x.c', 'mm/x.c'],
    ['mm/x.c', 'mm/x.c', 'mm/x.c'],
    ['linux-6.1.orig/mm/x.c\t2024-01-02 03:04:05.000000000 +0100', 'linux-6.1/mm/x.c\t2024-01-02', 'mm/x.c'],
    ['mm/x.c.orig\t2024-01-02', 'mm/x.c\t2024-01-02', 'mm/x.c'],
    ['./mm/x.c', './mm/x.c', 'mm/x.c'],
  ])('names the file of --- %s', (old, other, path) => {
    expect(parseFix(`--- ${old}\n+++ ${other}\n@@ -1 +1 @@\n-a\n+b\n`, 'p').files[0]!.path).toBe(path);
  });

  it('takes a removed line that looks like a header for what the counts say', () => {
    const text = '--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a\n-- b\n+++ c\n+d\n';
    expect(parseFix(text, 'p').files[0]!.hunks[0]!.lines.map((l) => l.type + l.text)).toEqual([
      '--- a',
      '-- b',
      '+++ c',
      '+d',
    ]);
  });

  it.each([
    ['', 'p:1: is empty'],
    ['\n \n', 'p:1: is empty'],
    ['Hello\n', 'p:1: there is no unified diff in it'],
    ['--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n', 'p:5: the hunk of line 3 ends too early'],
    ['--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n+c\n-- \n2.39\n', 'p:8: the hunk of line 3 ends too early'],
    ['--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n a\ndiff --git a/y b/y\n', 'p:5: the hunk of line 3 ends too early'],
    ['--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+c\n', 'p:6: is a line too many'],
    ['--- a/x\n+++ b/x\n@@ -5 +5 @@\n-a\n+b\n@@ -1 +1 @@\n-a\n+b\n', 'p:6: the hunk starts before'],
    ['@@ -1 +1 @@\n-a\n+b\n', 'p:1: a hunk before any file'],
    ['--- a/x\n+++ b/x\n@@ -1 +x @@\n-a\n+b\n', 'p:3: is no hunk header'],
    ['diff --cc x.c\n', 'p:1: is the combined diff of a merge'],
    ['*** x.c 2024-01-01\n--- x.c 2024-01-01\n***************\n', 'p:1: is a context diff'],
    ['Content-Transfer-Encoding: base64\n\nAAAA\n', 'p:1: the mail’s text is encoded'],
  ])('refuses %j', (text, message) => {
    expect(() => parseFix(text, 'p')).toThrow(InputError);
    expect(() => parseFix(text, 'p')).toThrow(message);
  });

  it('reads back what a diff program writes', () => {
    const side = fc.array(fc.constantFrom('a', '-- ', '++ b', '--- x', '', ' c', '@@ -1 +1 @@', '\\ d'), {
      maxLength: 12,
    });
    fc.assert(
      fc.property(side, side, fc.nat(3), (old, other, context) => {
        fc.pre(old.join('\n') !== other.join('\n') && old.length > 0 && other.length > 0);
        const [a, b] = [old, other].map((lines) => lines.map((line) => `${line}\n`).join(''));
        const { hunks } = parseFix(createTwoFilesPatch('a/x', 'b/x', a!, b!, '', '', { context }), 'p')
          .files[0]!;
        for (const line of hunks.flatMap((hunk) => hunk.lines)) {
          if (line.oldLine !== undefined) expect(line.text).toBe(old[line.oldLine - 1]);
          if (line.newLine !== undefined) expect(line.text).toBe(other[line.newLine - 1]);
        }
        const count = (type: string) =>
          hunks.flatMap(({ lines }) => lines).filter((l) => l.type === type).length;
        expect(old.length - count('-') + count('+')).toBe(other.length);
      }),
    );
  });

  it('ends in a fix or an InputError, whatever is cut off or bent', () => {
    fc.assert(
      fc.property(
        fc.nat(MAIL.length),
        fc.nat(MAIL.length),
        fc.string({ maxLength: 4 }),
        (from, length, put) => {
          try {
            parseFix(MAIL.slice(0, from) + put + MAIL.slice(from + (length % 9)), 'p');
          } catch (error) {
            expect(error).toBeInstanceOf(InputError);
          }
        },
      ),
    );
  });
});
