/** ACL LOG: what was refused, and failed logins. */
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { subcommandMisused } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respDouble,
  respInteger,
  respMap,
  respOk,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { aclLogReset } from './acl-guard.ts';
import { type AclEntry, REASON_NAMES } from './acl-log.ts';

const SHOWN_DEFAULT = 10;

export function aclLogGet(call: RespCall): void {
  const { args, aclLog, reply } = call;
  if (args.count > 3) {
    answerError(call, subcommandMisused('acl', argumentText(args, 1)));
    return;
  }
  if (args.count === 3 && argumentIs(args, 2, 'reset')) {
    aclLogReset(call);
    respOk(reply);
    return;
  }
  const count = args.count === 3 ? integerArgument(call, 2) : SHOWN_DEFAULT;
  if (Number.isNaN(count)) return;
  const entries = aclLog.latest(Math.max(0, count));
  respArray(reply, entries.length);
  for (const entry of entries) entryWrite(call, entry);
}

function entryWrite({ reply, op }: RespCall, { id, event, createdAtMs, count }: AclEntry): void {
  respMap(reply, 10);
  respText(reply, 'count');
  respInteger(reply, count);
  respText(reply, 'reason');
  respText(reply, REASON_NAMES[event.reason]);
  respText(reply, 'context');
  respText(reply, event.context);
  respText(reply, 'object');
  respText(reply, event.object);
  respText(reply, 'username');
  respText(reply, event.user);
  respText(reply, 'age-seconds');
  respDouble(reply, (op.nowMs - event.atMs) / 1000);
  respText(reply, 'client-info');
  respText(reply, event.client);
  respText(reply, 'entry-id');
  respInteger(reply, id);
  respText(reply, 'timestamp-created');
  respInteger(reply, createdAtMs);
  respText(reply, 'timestamp-last-updated');
  respInteger(reply, event.atMs);
}
