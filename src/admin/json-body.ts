/**
 * The bodies of requests that change something: an object of JSON with exactly the fields that are asked for. That
 * it has to be sent as application/json is a guard as well: no form of another site can do that, and a script of
 * one has to ask first, which nobody here answers.
 */
import type { IncomingMessage } from 'node:http';
import { type AdminReply, BODY_BYTES_MAX, bodyRead, replyError } from './http-server.ts';

export type FieldRule<Value> = {
  /** What the field has to be, in words. */
  readonly what: string;
  readonly holds: (value: unknown) => value is Value;
};
export type FieldRules = Readonly<Record<string, FieldRule<unknown>>>;
export type FieldsOf<Rules extends FieldRules> = {
  readonly [Name in keyof Rules]: Rules[Name] extends FieldRule<infer Value> ? Value : never;
};

const JSON_PATTERN = /^application\/json\s*(?:;|$)/i;

/** A whole number within these bounds. */
export function integerField(min: number, max: number): FieldRule<number> {
  return {
    what: `a whole number from ${min} to ${max}`,
    holds: (value): value is number =>
      Number.isInteger(value) && (value as number) >= min && (value as number) <= max,
  };
}

export function textField(charactersMax: number): FieldRule<string> {
  return {
    what: `a text of at most ${charactersMax} characters`,
    holds: (value): value is string => typeof value === 'string' && value.length <= charactersMax,
  };
}

/** The fields, or why they are none. Rejects when the client goes away. */
export async function jsonRead<Rules extends FieldRules>(
  request: IncomingMessage,
  rules: Rules,
): Promise<FieldsOf<Rules> | AdminReply> {
  if (!JSON_PATTERN.test(request.headers['content-type'] ?? ''))
    return replyError(415, 'send this as application/json');
  const body = await bodyRead(request);
  if (body === null) return replyError(413, `a body has at most ${BODY_BYTES_MAX} bytes`);
  const value = jsonParse(body);
  const problem = value === null ? 'the body must be an object of JSON' : problemOf(value, rules);
  // Each field was checked by its rule.
  return problem === null ? (value as FieldsOf<Rules>) : replyError(400, problem);
}

/** Whether that is what jsonRead has refused. */
export function isRefusal(read: object): read is AdminReply {
  return 'status' in read && 'type' in read;
}

function jsonParse(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

function problemOf(value: Readonly<Record<string, unknown>>, rules: FieldRules): string | null {
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(rules, name)) return `there is no field ${JSON.stringify(name)} here`;
  }
  for (const [name, { what, holds }] of Object.entries(rules)) {
    if (!Object.hasOwn(value, name)) return `the field "${name}" is missing: ${what}`;
    if (!holds(value[name])) return `the field "${name}" must be ${what}`;
  }
  return null;
}
