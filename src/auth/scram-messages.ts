/**
 * What a client of SCRAM sends, as RFC 5802, section 7 spells it. Strict: every message that the
 * grammar does not allow is refused, and so is what we do not have: channel binding (`p=`) and
 * mandatory extensions (`m=`). Optional extensions are passed over.
 */
import { base64Decode } from './base64.ts';
import { SCRAM_KEY_BYTES } from './scram-record.ts';

export interface ClientFirst {
  /** `n,,`; the client repeats it in its final message. */
  readonly gs2Header: string;
  /** All that follows it; it is part of what both sides sign. */
  readonly bare: string;
  /** Unescaped, not yet prepared. */
  readonly name: string;
  /** On whose behalf, or null. */
  readonly authorization: string | null;
  readonly nonce: string;
}

export interface ClientFinal {
  /** Base64, as sent. */
  readonly channelBinding: string;
  readonly nonce: string;
  readonly proof: Uint8Array;
  /** The message up to the proof; it is part of what both sides sign. */
  readonly withoutProof: string;
}

const NONCE_CHARS_MAX = 256;

// Flag, then authorization, then the rest. `y`: the client has channel binding, but saw that we offer none.
const FIRST = /^([ny],(?:a=([^,\0]+))?,)(n=([^,\0]+),r=([^,]+)((?:,[^,]+)*))$/;
const FINAL = /^(c=([^,]+),r=([^,]+)((?:,[^,]+)*)),p=([^,]+)$/;
const NONCE = /^[!-+\--~]+$/;
// Letters that the RFC gives a meaning belong in their places only.
const EXTENSIONS = /^(?:,[A-Zbdf-hj-loqtuw-z]=[^,\0]+)*$/;

/** client-first-message; null if it is malformed. */
export function clientFirstParse(text: string): ClientFirst | null {
  const match = FIRST.exec(text);
  if (match === null) return null;
  const [, gs2Header, authorizationText, bare, nameText, nonce, extensions] = match;
  if (!nonceIsGood(nonce) || !EXTENSIONS.test(extensions)) return null;
  const name = nameUnescape(nameText);
  const authorization = authorizationText === undefined ? null : nameUnescape(authorizationText);
  if (name === null || (authorization === null && authorizationText !== undefined)) return null;
  return { gs2Header, bare, name, authorization, nonce };
}

/** client-final-message; null if it is malformed. */
export function clientFinalParse(text: string): ClientFinal | null {
  const match = FINAL.exec(text);
  if (match === null) return null;
  const [, withoutProof, channelBinding, nonce, extensions, proofText] = match;
  const proof = base64Decode(proofText, 'padded');
  if (proof === null || proof.length !== SCRAM_KEY_BYTES) return null;
  if (!EXTENSIONS.test(extensions)) return null;
  return { channelBinding, nonce, proof, withoutProof };
}

function nonceIsGood(nonce: string): boolean {
  return nonce.length <= NONCE_CHARS_MAX && NONCE.test(nonce);
}

/** A saslname: `=2C` and `=3D` stand for a comma and an equals sign, and nothing else does. */
function nameUnescape(text: string): string | null {
  if (/=(?!2C|3D)/.test(text)) return null;
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
