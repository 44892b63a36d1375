/**
 * The users that a server starts with: default with requirepass, then those of redis.conf or of the file
 * of users. What is wrong with them is found by the main thread, before there are others.
 *
 * Source: Valkey src/acl.c ACLLoadUsersAtStartup.
 */
import type { RespConfig } from '../../../config/resp-config.ts';
import type { CommandTable } from '../command-lookup.ts';
import { channelsAreOpen, requirepassRules } from './acl-change.ts';
import { aclFileRead } from './acl-file.ts';
import { RULE_PROBLEM } from './acl-selector.ts';
import {
  AclUser,
  type RuleContext,
  rulesJoin,
  USER_DEFAULT,
  userImage,
  userPlan,
  userRule,
} from './acl-user.ts';
import type { AclUsers } from './acl-users.ts';

const BOTH =
  'Flagstone has an aclfile, and users in its configuration besides. This would be likely to end in ' +
  'mistakes and security holes: please have all users in the one or the other.';

/** Has `users` be what the configuration says. Null, or what is wrong with it. */
export function usersBegin(
  users: AclUsers,
  table: CommandTable,
  config: RespConfig,
): string | null {
  const { settings } = config;
  const context: RuleContext = { table, allChannels: channelsAreOpen(settings) };
  const image = userPlan(context, USER_DEFAULT, users.default, requirepassRules(settings));
  if (typeof image === 'string') return image;
  users.put(image);
  for (const { name, words, place } of config.users.values()) {
    const problem = userBegin(context, users, name, words);
    if (problem !== null) return place + problem;
  }
  return null;
}

function userBegin(
  context: RuleContext,
  users: AclUsers,
  name: string,
  words: readonly string[],
): string | null {
  const rules = rulesJoin(words);
  if (typeof rules === 'string') return rules;
  const user = new AclUser(name, context);
  for (const rule of rules) {
    const problem = userRule(context, user, rule);
    if (problem === RULE_PROBLEM.unknown) {
      return `Error loading ACL rule '${rule}' for the user named '${name}': ${problem}`;
    }
    if (problem !== null) return `Error in user declaration '${rule}': ${problem}`;
  }
  users.put(userImage(user));
  return null;
}

/** The main thread's look at them: those of the file of users become the configuration's. Null, or what is wrong. */
export function usersPrepare(
  table: CommandTable,
  users: AclUsers,
  config: RespConfig,
): string | null {
  const { aclfile } = config.settings;
  if (aclfile !== '') {
    if (config.users.size > 0) return BOTH;
    const lines = aclFileRead({ table, allChannels: channelsAreOpen(config.settings) }, aclfile);
    if (typeof lines === 'string') return `Aborting startup because of ACL errors: ${lines}`;
    config.usersChange(lines, []);
  }
  return usersBegin(users, table, config);
}
