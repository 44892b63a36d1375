/** Users and their rules, without a server: what rules make of a user, and what he may do then. */
import { describe, expect, it } from 'vitest';
import {
  aclAllowsAnyKey,
  aclVerdict,
  REFUSED,
  verdictIndex,
  verdictReason,
} from '../../src/commands/resp/acl/acl-check.ts';
import { aclFileParse } from '../../src/commands/resp/acl/acl-file.ts';
import { selectorTexts } from '../../src/commands/resp/acl/acl-selector.ts';
import {
  AclUser,
  type RuleContext,
  userAccepts,
  userBecome,
  userImage,
  userPlan,
  userText,
} from '../../src/commands/resp/acl/acl-user.ts';
import { AclUsers } from '../../src/commands/resp/acl/acl-users.ts';
import { subcommandFind } from '../../src/commands/resp/command-lookup.ts';
import { COMMAND_TABLE } from '../../src/commands/resp/table.ts';
import { argumentsOf } from '../../src/protocol/resp/arguments.ts';

const context: RuleContext = { table: COMMAND_TABLE, allChannels: false };

/** A user made by rules that have to be right. */
function user(rules: string): AclUser {
  const made = new AclUser('alice', context);
  const image = userPlan(context, 'alice', null, words(rules));
  if (typeof image === 'string') throw new Error(image);
  userBecome(COMMAND_TABLE, made, image);
  return made;
}

function words(text: string): string[] {
  return text === '' ? [] : text.split(' ');
}

/** `ok`, `command`, or `key 1`: what the user may do, and the argument to blame. */
function verdict(of: AclUser, request: string): string {
  const args = argumentsOf(words(request));
  const found = COMMAND_TABLE.find(args);
  const command =
    found !== null && found.subcommands.length > 0 ? subcommandFind(found, args) : found;
  if (command === null) throw new Error(`no such command: ${request}`);
  const is = aclVerdict(of, command, args);
  if (is === 0) return 'ok';
  if (verdictReason(is) === REFUSED.COMMAND) return 'command';
  return `${verdictReason(is) === REFUSED.KEY ? 'key' : 'channel'} ${verdictIndex(is)}`;
}

function problem(rules: string): string {
  const image = userPlan(context, 'alice', null, words(rules));
  if (typeof image !== 'string') throw new Error(`nothing is wrong with ${rules}`);
  return image.replace(/^Error in ACL SETUSER modifier /, '');
}

describe('rules', () => {
  it('count from left to right, as in the access strings of ElastiCache', () => {
    const nothing = user('on ~product:* ~cache:* +get +mget +hgetall +smembers -@all');
    expect(verdict(nothing, 'get product:1')).toBe('command');
    expect(verdict(nothing, 'smembers cache:1')).toBe('command');
    const intended = user('on ~product:* ~cache:* -@all +get +mget +hgetall +smembers');
    expect(verdict(intended, 'get product:1')).toBe('ok');
    expect(verdict(intended, 'mget product:1 cache:2')).toBe('ok');
    expect(verdict(intended, 'mget product:1 other:2')).toBe('key 2');
    expect(verdict(intended, 'set product:1 x')).toBe('command');
    expect(userText(intended)).toBe(
      'on sanitize-payload ~product:* ~cache:* resetchannels -@all +get +mget +hgetall +smembers',
    );
  });

  it('are described by the fewest that make the same', () => {
    const commands = (rules: string): string => selectorTexts(user(rules).selectors[0]).commands;
    expect(commands('+@all -@hash -@slow +hget')).toBe('+@all -@hash -@slow +hget');
    expect(commands('+@all -@hash -@slow +hget -@hash')).toBe('+@all -@slow +hget -@hash');
    expect(commands('+client|list +client|list +config|get +config +acl|list -acl')).toBe(
      '-@all +client|list +config -acl',
    );
    expect(commands('+select|0 +select|0 +debug|segfault +debug')).toBe('-@all +select|0 +debug');
    expect(commands('+HGET +hget +hGeT +@HASH')).toBe('-@all +hget +@hash');
    expect(commands('+@all +client|id')).toBe('+@all +client|id');
  });

  it('make a user of whom his image and his text make the same', () => {
    const rules =
      'on >secret %R~a:* %W~b:* ~c &news.* -@all +@read +select|0 (~d* &* +@all -set) (%RW~e +get)';
    const one = user(rules);
    const other = new AclUser('alice', context);
    userBecome(COMMAND_TABLE, other, structuredClone(userImage(one)));
    expect(other).toEqual(one);
    expect(user(userText(one))).toEqual(one);
  });

  it('for keys can be read back, also where a star is among them', () => {
    const one = user('%RW~* ~a');
    expect(selectorTexts(one.selectors[0]).keys).toBe('~* ~a');
    expect(user(userText(one))).toEqual(one);
  });

  it('are refused as a whole, with the reason', () => {
    expect(problem('on +nosuch')).toBe("'+nosuch': Unknown command or category name in ACL");
    expect(problem('+@nosuch')).toMatch(/Unknown command or category/);
    expect(problem('+config|nosuch')).toMatch(/Unknown command or category/);
    expect(problem('-get|a')).toMatch(/Unknown command or category/);
    expect(problem('+config|get|x')).toMatch(/first-arg of a subcommand/);
    expect(problem('+debug|')).toMatch(/Syntax error/);
    expect(problem('%~a')).toMatch(/Syntax error/);
    expect(problem('%RR~a')).toMatch(/Syntax error/);
    expect(problem('nonsense')).toMatch(/Syntax error/);
    expect(problem('~* ~a')).toMatch(/Adding a pattern after the \* pattern/);
    expect(problem('&* &a')).toMatch(/Adding a pattern after the \* pattern/);
    expect(problem('#1234')).toMatch(/64 characters/);
    expect(problem('<nosuch')).toMatch(/does not exist/);
    expect(problem('(+get (+set (+del')).toBe(
      "Unmatched parenthesis in acl selector starting at '(+get'.",
    );
    expect(problem('(+get +nosuch)')).toMatch(/Unknown command/);
  });
});

describe('permission', () => {
  it('for keys is to read, to write, or both', () => {
    const one = user('+@all %R~r* %W~w* ~rw*');
    expect(verdict(one, 'get r1')).toBe('ok');
    expect(verdict(one, 'get w1')).toBe('key 1');
    expect(verdict(one, 'lpush r1 x')).toBe('key 1');
    expect(verdict(one, 'lpush w1 x')).toBe('ok');
    expect(verdict(one, 'copy r1 w1')).toBe('ok');
    expect(verdict(one, 'copy w1 r1')).toBe('key 1');
    expect(verdict(one, 'rename w1 w2')).toBe('key 1');
    expect(verdict(one, 'exists w1 r1')).toBe('ok');
    expect(verdict(one, 'exists other')).toBe('key 1');
    expect(verdict(one, 'set w1 x')).toBe('ok');
    expect(verdict(one, 'set w1 x get')).toBe('key 1');
    expect(verdict(one, 'set rw1 x get')).toBe('ok');
    expect(verdict(one, 'bitfield r1 get u4 0')).toBe('ok');
    expect(verdict(one, 'bitfield r1 incrby u4 0 1')).toBe('key 1');
    expect(verdict(one, 'sort r1 store w1')).toBe('ok');
    expect(verdict(one, 'sort r1 store r2')).toBe('key 3');
    expect(verdict(one, 'georadius r1 0 0 1 m store r2')).toBe('key 7');
    expect(verdict(one, 'zunionstore w1 2 r1 r2')).toBe('ok');
    expect(verdict(one, 'zunionstore w1 2 r1 w2')).toBe('key 4');
  });

  it('for channels is by pattern, and for patterns by the letter', () => {
    const one = user('+@all ~* &news.* &orders');
    expect(verdict(one, 'publish news.1 x')).toBe('ok');
    expect(verdict(one, 'publish other x')).toBe('channel 1');
    expect(verdict(one, 'subscribe orders news.1 other')).toBe('channel 3');
    expect(verdict(one, 'psubscribe news.*')).toBe('ok');
    expect(verdict(one, 'psubscribe news.1*')).toBe('channel 1');
    expect(verdict(one, 'ssubscribe other')).toBe('channel 1');
    expect(verdict(one, 'spublish orders x')).toBe('ok');
    expect(verdict(one, 'unsubscribe other')).toBe('ok');
    expect(verdict(one, 'get any')).toBe('ok');
  });

  it('is given by one selector as a whole', () => {
    const one = user('-@all +ping (%R~r* +@all) (%W~w* +@all)');
    expect(verdict(one, 'ping')).toBe('ok');
    expect(verdict(one, 'get r1')).toBe('ok');
    expect(verdict(one, 'lpush w1 x')).toBe('ok');
    expect(verdict(one, 'copy r1 w1')).toBe('key 2');
    const two = user('-@all +mget ~key (+mget ~key ~otherkey)');
    expect(verdict(two, 'get key')).toBe('command');
    expect(verdict(two, 'mget key otherkey someotherkey')).toBe('key 3');
  });

  it('for a command may hang on its first argument, and never concerns logging in', () => {
    const one = user('-@all +select|0 +config|get');
    expect(verdict(one, 'select 0')).toBe('ok');
    expect(verdict(one, 'select 1')).toBe('command');
    expect(verdict(one, 'config get x')).toBe('ok');
    expect(verdict(one, 'config set x y')).toBe('command');
    expect(verdict(one, 'auth x')).toBe('ok');
    expect(verdict(one, 'hello 3')).toBe('ok');
  });

  it('to read any key is only that of *, and together with the command', () => {
    const sort = COMMAND_TABLE.named('sort');
    if (sort === null) throw new Error('SORT is gone');
    const args = argumentsOf(['sort', 'l', 'by', 'w_*']);
    const may = (rules: string): boolean => aclAllowsAnyKey(user(rules), sort, args);
    expect(may('+sort ~l ~w_*')).toBe(false);
    expect(may('+sort ~l %W~*')).toBe(false);
    expect(may('+sort ~l %R~*')).toBe(true);
    expect(may('+sort ~l (%R~* +get)')).toBe(false);
    expect(may('+sort (~* +sort)')).toBe(true);
  });
});

describe('passwords', () => {
  it('are any of several, none, or whatever comes', () => {
    const one = user('on >a >b #5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8');
    expect(['a', 'b', 'password', 'c', ''].map((text) => userAccepts(one, text))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(userAccepts(user('on >a <a'), 'a')).toBe(false);
    expect(userAccepts(user('off >a'), 'a')).toBe(false);
    expect(userAccepts(user('on >a nopass'), 'whatever')).toBe(true);
    expect(userAccepts(user('on nopass >a'), 'whatever')).toBe(false);
    expect(userAccepts(user('on nopass resetpass'), '')).toBe(false);
    expect(userAccepts(null, 'a')).toBe(false);
  });
});

describe('a file of users', () => {
  it('is taken as a whole or not at all, and tells all that is wrong', () => {
    const text = 'user alice on >x +@all\n\n  user bob (~a +get ) ~b  \n';
    expect(aclFileParse(context, text, 'f')).toEqual([
      { name: 'alice', words: ['on', '>x', '+@all'], place: '' },
      { name: 'bob', words: ['(~a', '+get', ')', '~b'], place: '' },
    ]);
    expect(aclFileParse(context, 'user a +x +y\nalice on\nuser a\nuser b %~ %~', 'f')).toBe(
      "f:1: Error in applying operation '+x': Unknown command or category name in ACL. " +
        "f:1: Error in applying operation '+y': Unknown command or category name in ACL. " +
        'f:2 should start with user keyword followed by the username. ' +
        "WARNING: Duplicate user 'a' found on line 3. " +
        'f:4: Syntax error. ' +
        'WARNING: ACL errors detected, no change to the previously active ACL rules was performed',
    );
  });
});

describe('the users of a thread', () => {
  it('are default alone at first, who may do everything', () => {
    const users = new AclUsers(COMMAND_TABLE);
    expect(users.all().map(userText)).toEqual(['on nopass sanitize-payload ~* &* +@all']);
    expect(users.isOpen).toBe(true);
    expect(users.default.isRestricted).toBe(false);
  });
});
