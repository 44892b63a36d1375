/** ACL LOAD and ACL SAVE: the file of users, and the users that all threads have. */
import { errorReason } from '../../../base/errors.ts';
import { respOk } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { ruleContext, type UsersChange, usersChange } from './acl-change.ts';
import { aclFileRead, aclFileWrite } from './acl-file.ts';
import { USER_DEFAULT, type UserImage, userPlan } from './acl-user.ts';
import { everybody } from './acl-users.ts';

const NO_FILE =
  'ERR This instance is not configured to use an ACL file. You may want to specify users via the ACL ' +
  'SETUSER command and then issue a CONFIG REWRITE (assuming you have a configuration file set) in ' +
  'order to store users in the configuration.';
const NOT_SAVED =
  'ERR There was an error trying to save the ACLs. Please check the server logs for more information';

export function aclLoad(call: RespCall): void {
  const path = call.config.settings.aclfile;
  if (path === '') {
    answerError(call, NO_FILE);
    return;
  }
  const lines = aclFileRead(ruleContext(call), path);
  if (typeof lines === 'string') {
    answerError(call, `ERR ${lines}`);
    return;
  }
  const puts: (UserImage | string)[] = lines.map(({ name, words }) =>
    userPlan(ruleContext(call), name, null, words),
  );
  const problem = usersChange(call, () => loadPlan(call, puts));
  if (problem === null) respOk(call.reply);
  else answerError(call, `ERR ${problem}`);
}

/** Who is not in the file goes, but for default, who is as he is without a word about him. */
function loadPlan(
  { users, table }: RespCall,
  plans: readonly (UserImage | string)[],
): UsersChange | string {
  const puts: UserImage[] = [];
  for (const plan of plans) {
    if (typeof plan === 'string') return plan;
    puts.push(plan);
  }
  const names = new Set(puts.map(({ name }) => name));
  if (!names.has(USER_DEFAULT)) puts.push(everybody(table));
  const removes = users
    .all()
    .map(({ name }) => name)
    .filter((name) => name !== USER_DEFAULT && !names.has(name));
  return { puts, removes };
}

export function aclSave(call: RespCall): void {
  const path = call.config.settings.aclfile;
  if (path === '') {
    answerError(call, NO_FILE);
    return;
  }
  try {
    aclFileWrite(path, call.users.all());
    respOk(call.reply);
  } catch (error) {
    call.server.warn('the ACL file could not be written', { reason: errorReason(error) });
    answerError(call, NOT_SAVED);
  }
}
