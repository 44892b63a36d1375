/** What a client of PLAIN sends (RFC 4616, section 2): `[authzid] NUL authcid NUL passwd`. */

export interface PlainMessage {
  /** On whose behalf; '' if the client does not say. */
  readonly authorization: string;
  /** Not yet prepared, and neither is the password. */
  readonly name: string;
  readonly password: string;
}

/** The message; null if it has not exactly three fields, or no name or no password. */
export function plainMessageParse(text: string): PlainMessage | null {
  const fields = text.split('\0');
  if (fields.length !== 3) return null;
  const [authorization, name, password] = fields;
  if (name === '' || password === '') return null;
  return { authorization, name, password };
}
