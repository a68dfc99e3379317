/** What a reference to a function is, if it is no call by a function. */
export const ReferenceKind = { address: 0, initTable: 1, namelessCall: 2, namelessInitCall: 3 } as const;

/** Why a body may run though no caller that was found leads to it, as bits. */
export const Open = {
  /** Its address is taken. */
  address: 1,
  /** Code without a dump calls it. */
  nodumpCaller: 2,
  /** Some unit's calls were not read. */
  callersUnknown: 4,
  /** An init table or code without a dump that is init calls it: has run. */
  initCaller: 8,
} as const;

/** {@link ReferenceKind} -> {@link Open}. */
export const OPEN_OF_KIND: readonly number[] = (() => {
  const bits: number[] = [];
  bits[ReferenceKind.address] = Open.address;
  bits[ReferenceKind.initTable] = Open.initCaller;
  bits[ReferenceKind.namelessCall] = Open.nodumpCaller;
  bits[ReferenceKind.namelessInitCall] = Open.initCaller;
  return bits;
})();
