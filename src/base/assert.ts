/**
 * States an invariant. A false one is a bug, never bad input: the thread dies loudly and its
 * supervisor takes over. The message is a constant, so that a passing assert allocates nothing.
 */
export function assert(condition: boolean, invariant: string): asserts condition {
  if (!condition) throw new Error(`broken invariant: ${invariant}`);
}
