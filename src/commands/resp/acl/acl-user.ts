/**
 * A user: who may log in, by which passwords, and what he may do then.
 *
 * Passwords are kept as SHA-256 digests, in hexadecimal, as files of users have them.
 *
 * Source: Valkey src/acl.c ACLSetUser.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { wordsSplit } from '../../../base/word-split.ts';
import type { CommandTable } from '../command-lookup.ts';
import {
  RULE_PROBLEM,
  type RuleProblem,
  Selector,
  type SelectorImage,
  selectorFromImage,
  selectorImage,
  selectorRule,
  selectorRules,
} from './acl-selector.ts';

export const USER_DEFAULT = 'default';

/** What rules mean depends on the commands there are, and on acl-pubsub-default. */
export type RuleContext = { readonly table: CommandTable; readonly allChannels: boolean };

export class AclUser {
  readonly name: string;
  isOn = false;
  /** Any password will do. */
  needsNoPassword = false;
  skipsSanitize = false;
  /** Digests, in hexadecimal. */
  passwords: string[] = [];
  /** The first is the root. */
  selectors: Selector[];
  /** Not everything is allowed: requests have to be looked at. */
  isRestricted = true;

  constructor(name: string, { table, allChannels }: RuleContext) {
    this.name = name;
    this.selectors = [new Selector(table, allChannels)];
  }
}

/** A user as threads tell each other of him. */
export type UserImage = Pick<
  AclUser,
  'name' | 'isOn' | 'needsNoPassword' | 'skipsSanitize' | 'passwords'
> & { readonly selectors: readonly SelectorImage[] };

export function userImage(user: AclUser): UserImage {
  const { name, isOn, needsNoPassword, skipsSanitize, passwords, selectors } = user;
  const images = selectors.map(selectorImage);
  return { name, isOn, needsNoPassword, skipsSanitize, passwords, selectors: images };
}

/** Has a user be what the image says, but for the name. */
export function userBecome(table: CommandTable, user: AclUser, image: UserImage): void {
  user.isOn = image.isOn;
  user.needsNoPassword = image.needsNoPassword;
  user.skipsSanitize = image.skipsSanitize;
  user.passwords = [...image.passwords];
  user.selectors = image.selectors.map((one) => selectorFromImage(table, one));
  user.isRestricted = !user.selectors.some(allowsAll);
}

function allowsAll({ allCommands, allKeys, allChannels }: Selector): boolean {
  return allCommands && allKeys && allChannels;
}

// ── Rules ───────────────────────────────────────────────────────────────────────────────────────

/** Applies one rule. Null, or what is wrong with it; then the user is of no more use. */
export function userRule(context: RuleContext, user: AclUser, rule: string): RuleProblem | null {
  switch (rule.toLowerCase()) {
    case '':
      return null;
    case 'on':
    case 'off':
      user.isOn = rule.toLowerCase() === 'on';
      return null;
    case 'sanitize-payload':
    case 'skip-sanitize-payload':
      user.skipsSanitize = rule.toLowerCase() !== 'sanitize-payload';
      return null;
    case 'nopass':
    case 'resetpass':
      user.needsNoPassword = rule.toLowerCase() === 'nopass';
      user.passwords = [];
      return null;
    case 'clearselectors':
      user.selectors.length = 1;
      return null;
    case 'reset':
      userReset(context, user);
      return null;
    default:
      return otherRule(context, user, rule);
  }
}

function userReset({ table, allChannels }: RuleContext, user: AclUser): void {
  user.isOn = false;
  user.needsNoPassword = false;
  user.skipsSanitize = false;
  user.passwords = [];
  user.selectors = [new Selector(table, allChannels)];
}

function otherRule(context: RuleContext, user: AclUser, rule: string): RuleProblem | null {
  if (/^[>#<!]/.test(rule)) return passwordRule(user, rule[0], rule.slice(1));
  if (rule.startsWith('(') && rule.endsWith(')')) return selectorAdd(context, user, rule);
  return selectorRule(context.table, user.selectors[0], rule);
}

/** `>` and `<` add and remove a password, `#` and `!` a digest. */
function passwordRule(user: AclUser, sign: string, text: string): RuleProblem | null {
  const isPlain = sign === '>' || sign === '<';
  if (!isPlain && !/^[0-9a-f]{64}$/.test(text)) return RULE_PROBLEM.badHash;
  const digest = isPlain ? passwordDigest(text).toString('hex') : text;
  const at = user.passwords.indexOf(digest);
  if (sign === '>' || sign === '#') {
    if (at < 0) user.passwords.push(digest);
    user.needsNoPassword = false;
  } else {
    if (at < 0) return RULE_PROBLEM.noSuchPassword;
    user.passwords.splice(at, 1);
  }
  return null;
}

function selectorAdd(
  { table, allChannels }: RuleContext,
  user: AclUser,
  rule: string,
): RuleProblem | null {
  const selector = new Selector(table, allChannels);
  for (const word of wordsSplit(rule.slice(1, -1)) ?? []) {
    const problem = selectorRule(table, selector, word);
    if (problem !== null) return problem;
  }
  user.selectors.push(selector);
  return null;
}

/**
 * Words of rules, where those of a selector may have come one by one: `(~a`, `+get)` are one rule. A
 * text tells where a parenthesis is not closed.
 */
export function rulesJoin(words: readonly string[]): readonly string[] | string {
  const rules: string[] = [];
  let open: string | null = null;
  let openWord = '';
  for (const word of words) {
    if (open !== null) open += ` ${word}`;
    else if (word.startsWith('(') && !word.endsWith(')')) [open, openWord] = [word, word];
    else rules.push(word);
    if (open === null || !word.endsWith(')')) continue;
    rules.push(open);
    open = null;
  }
  return open === null ? rules : `Unmatched parenthesis in acl selector starting at '${openWord}'.`;
}

/** What rules make of a user, or of a new one, which stays as it is. A text says what is wrong with them. */
export function userPlan(
  context: RuleContext,
  name: string,
  before: AclUser | null,
  words: readonly string[],
): UserImage | string {
  const rules = rulesJoin(words);
  if (typeof rules === 'string') return rules;
  const draft = new AclUser(name, context);
  if (before !== null) userBecome(context.table, draft, userImage(before));
  for (const rule of rules) {
    const problem = userRule(context, draft, rule);
    if (problem !== null) return `Error in ACL SETUSER modifier '${rule}': ${problem}`;
  }
  return userImage(draft);
}

// ── Passwords ───────────────────────────────────────────────────────────────────────────────────

function passwordDigest(text: string): Buffer {
  return createHash('sha256').update(text, 'latin1').digest();
}

/** Whether the user may log in with the password; takes a time that tells nothing of those that are right. */
export function userAccepts(user: AclUser | null, password: string): boolean {
  const digest = passwordDigest(password);
  let isOne = false;
  for (const one of user?.passwords ?? []) {
    if (timingSafeEqual(digest, Buffer.from(one, 'hex'))) isOne = true;
  }
  if (user === null) return false;
  return user.isOn && (user.needsNoPassword || isOne);
}

// ── As text ─────────────────────────────────────────────────────────────────────────────────────

export function userFlags({ isOn, needsNoPassword, skipsSanitize }: AclUser): readonly string[] {
  const flags = [isOn ? 'on' : 'off'];
  if (needsNoPassword) flags.push('nopass');
  flags.push(skipsSanitize ? 'skip-sanitize-payload' : 'sanitize-payload');
  return flags;
}

/** The rules that make the user; those of a selector in one. */
export function userRules(user: AclUser): readonly string[] {
  const [root, ...others] = user.selectors;
  return [
    ...userFlags(user),
    ...user.passwords.map((digest) => `#${digest}`),
    ...selectorRules(root),
    ...others.map((selector) => `(${selectorRules(selector).join(' ')})`),
  ];
}

/** … as a file has them. */
export function userText(user: AclUser): string {
  return userRules(user).join(' ');
}
