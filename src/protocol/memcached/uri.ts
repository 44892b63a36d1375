/** Keys in lines of key=value pairs: all but letters, digits and `-._~` as %XX. */

/** One character of `text` is one byte. */
export function uriEncode(text: string): string {
  return text.replace(
    /[^A-Za-z0-9\-._~]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
