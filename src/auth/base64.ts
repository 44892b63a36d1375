/**
 * Base64 (RFC 4648, section 4) where only one spelling of each value will do: a record or a proof
 * that could be written in two ways is a thing to trip over.
 */

/** `padded`: with `=` at the end, as SCRAM sends it. `bare`: without, as PHC strings have it. */
export type Base64Form = 'padded' | 'bare';

export function base64Encode(bytes: Uint8Array, form: Base64Form): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  return form === 'padded' ? text : text.replace(/=+$/, '');
}

/** The bytes, in memory of their own; null unless base64Encode would give exactly `text`. */
export function base64Decode(text: string, form: Base64Form): Uint8Array | null {
  // Not the Buffer itself: it is a window on a pool, all of which would go along to other threads.
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  return base64Encode(bytes, form) === text ? bytes : null;
}
