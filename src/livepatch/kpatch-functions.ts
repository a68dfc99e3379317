import type { PatchedFunction, PatchedPart } from './livepatch.js';
import type { ModuleData } from './module-data.js';

/**
 * kpatch's list of functions (kmod/patch/kpatch-patch.h: struct kpatch_patch_func): new_addr, new_size, old_addr,
 * old_size, sympos, name and objname, each a word; before kpatch 0.3 without sympos.
 */
export function readKpatchFunctions(module: ModuleData): PatchedPart | undefined {
  const { width, file } = module;
  const section = module.dataSections.find(({ name }) => name === '.kpatch.funcs');
  if (section === undefined) return undefined;
  const words = [7, 6].find((count) => {
    const entry = count * width;
    if (section.size % entry !== 0) return false;
    for (let at = 0; at < section.size; at += entry) {
      if (!module.pointer(section, at + entry - 2 * width) || !module.pointer(section, at + entry - width))
        return false;
    }
    return true;
  });
  if (words === undefined) throw module.damaged('a .kpatch.funcs that is not made of function entries');
  const patched: PatchedFunction[] = [];
  const entry = words * width;
  for (let at = 0; at < section.size; at += entry) {
    const name = module.pointer(section, at + entry - 2 * width)!;
    const object = module.pointer(section, at + entry - width)!;
    const code = module.pointer(section, at);
    const replacement = code && module.functionAt(code);
    patched.push({
      object: module.string(object, 'an object name in .kpatch.funcs'),
      function: module.string(name, 'a function name in .kpatch.funcs'),
      sympos: words === 7 ? module.word(section, at + 4 * width) : 0,
      ...(replacement !== undefined && { replacement }),
      where: file,
    });
  }
  return { kind: 'kpatch', patched, warnings: [] };
}
