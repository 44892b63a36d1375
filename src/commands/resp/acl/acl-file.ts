/**
 * The file of users (`aclfile`), which ACL LOAD reads and ACL SAVE writes: a line each, as redis.conf has
 * them.
 *
 *   user alice on #2bd806c9… ~cache:* resetchannels -@all +get
 *
 * If there is anything wrong with it, all of that is told, and none of it is taken.
 *
 * Source: Valkey src/acl.c ACLLoadFromFile.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import { errorReason } from '../../../base/errors.ts';
import type { UserLine } from '../../../config/resp-config.ts';
import { hasBlank, RULE_PROBLEM } from './acl-selector.ts';
import { AclUser, type RuleContext, rulesJoin, userRule, userText } from './acl-user.ts';

const FILE_MODE = 0o644;
const NOTHING_DONE =
  'WARNING: ACL errors detected, no change to the previously active ACL rules was performed';

/** The users of the file, or all that is wrong with it. */
export function aclFileRead(context: RuleContext, path: string): readonly UserLine[] | string {
  const bytesPath = Buffer.from(path, 'latin1').toString();
  let text: string;
  try {
    text = readFileSync(bytesPath, 'latin1');
  } catch (error) {
    return `Error loading ACLs, opening file '${path}': ${errorReason(error)}`;
  }
  return aclFileParse(context, text, path);
}

export function aclFileParse(
  context: RuleContext,
  text: string,
  path: string,
): readonly UserLine[] | string {
  const lines: UserLine[] = [];
  const errors: string[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    const words = line.replace(/^[ \t\r]+|[ \t\r]+$/g, '').split(' ');
    if (words.length === 1 && words[0] === '') continue;
    const place = `${path}:${at + 1}`;
    const [keyword, name, ...given] = words;
    if (keyword !== 'user' || name === undefined) {
      errors.push(`${place} should start with user keyword followed by the username. `);
    } else if (hasBlank(name)) {
      errors.push(`'${place}: username '${name}' contains invalid characters. `);
    } else if (lines.some((one) => one.name === name)) {
      errors.push(`WARNING: Duplicate user '${name}' found on line ${at + 1}. `);
    } else {
      errors.push(...rulesErrors(context, name, given, place));
      lines.push({ name, words: given, place: '' });
    }
  }
  return errors.length === 0 ? lines : errors.join('') + NOTHING_DONE;
}

/** Of rules with unknown commands all are told, of others the first: it may show a password. */
function rulesErrors(
  context: RuleContext,
  name: string,
  words: readonly string[],
  place: string,
): readonly string[] {
  const rules = rulesJoin(words);
  if (typeof rules === 'string') return [`${place}: Unmatched parenthesis in selector definition.`];
  const user = new AclUser(name, context);
  const errors: string[] = [];
  let hasOther = false;
  for (const rule of rules) {
    const problem = userRule(context, user, rule.replace(/^[\t\r\n]+|[\t\r\n]+$/g, ''));
    if (problem === RULE_PROBLEM.unknown) {
      errors.push(`${place}: Error in applying operation '${rule}': ${problem}. `);
    } else if (problem !== null && !hasOther) {
      errors.push(`${place}: ${problem}. `);
      hasOther = true;
    }
  }
  return errors;
}

/** Writes all users; the file is the old one or the new one, never half of one. Errors: those of the disk. */
export function aclFileWrite(path: string, users: readonly AclUser[]): void {
  const bytesPath = Buffer.from(path, 'latin1').toString();
  const underWay = `${bytesPath}.tmp-${process.pid}`;
  const text = users.map((user) => `user ${user.name} ${userText(user)}\n`).join('');
  const file = openSync(underWay, 'w', FILE_MODE);
  writeSync(file, Buffer.from(text, 'latin1'));
  fsyncSync(file);
  closeSync(file);
  renameSync(underWay, bytesPath);
}
