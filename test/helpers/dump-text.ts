/**
 * Dumps in shorthand, one record a line, where the numbers do not matter for the test:
 *
 *     f > g               f was inlined into g
 *     f > f.isra.0 isra   f got the clone f.isra.0
 *     - f                 f was removed
 *
 * A function is `name`, `name/order`, `name@file` or `name/order@file`. Without an order, a name is one node; without a
 * file, it is declared in `file`, at the line that its order says.
 */
export function dump(shorthand: string, file = 'a.c'): string {
  const orders = new Map<string, number>();
  const reference = (text: string) => {
    const [, name, said, where = file] = /^([^/@]+)(?:\/(\d+))?(?:@(.+))?$/.exec(text)!;
    const order = said ?? orders.get(name!) ?? 100 + orders.size;
    if (said === undefined) orders.set(name!, Number(order));
    return `${name};${order};${where};${order};1`;
  };
  return shorthand
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      if (line.startsWith('- ')) return `Callgraph removal;${reference(line.slice(2))}\n`;
      const [original, , target, ...kind] = line.split(' ');
      return `Callgraph clone;${reference(original!)};${reference(target!)};${kind.join(' ') || 'inlining to'}\n`;
    })
    .join('');
}
