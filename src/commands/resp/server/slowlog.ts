/** SLOWLOG: the commands that took long. */
import { argumentText } from '../../../protocol/resp/arguments.ts';
import { subcommandMisused } from '../../../protocol/resp/errors.ts';
import { respArray, respInteger, respOk, respText } from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { containerRow, type SubcommandRow } from '../container.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type RespRow } from '../row.ts';

const { ADMIN, LOADING, STALE } = FLAG;
const SLOWLOG_FLAGS = ADMIN | LOADING | STALE;
const SHOWN_DEFAULT = 10;

// biome-ignore format: a table reads in columns
const SUBCOMMANDS: readonly SubcommandRow[] = [
  { name: 'get',   arity: -2, flags: SLOWLOG_FLAGS, since: '2.2.12', complexity: 'O(N), N the entries', syntax: '[<count>]', doc: 'Return the latest entries, ten unless told; -1: all.', run: slowlogGet },
  { name: 'len',   arity:  2, flags: SLOWLOG_FLAGS, since: '2.2.12', complexity: 'O(1)', syntax: '', doc: 'Return how many entries there are.', run: slowlogLen },
  { name: 'reset', arity:  2, flags: SLOWLOG_FLAGS, since: '2.2.12', complexity: 'O(N), N the entries', syntax: '', doc: 'Forget all entries.', run: slowlogReset },
];

export const SLOWLOG_ROWS: readonly RespRow[] = [
  containerRow(
    {
      name: 'slowlog',
      group: 'server',
      since: '2.2.12',
      doc: 'Commands on the slow log.',
      helpSince: '6.2.0',
    },
    SUBCOMMANDS,
  ),
];

function slowlogGet(call: RespCall): void {
  const { args, reply, slowLog } = call;
  let count = SHOWN_DEFAULT;
  if (args.count > 3) {
    answerError(call, subcommandMisused('slowlog', argumentText(args, 1)));
    return;
  }
  if (args.count > 2) {
    const error = 'ERR count should be greater than or equal to -1';
    count = integerArgument(call, 2, error);
    if (Number.isNaN(count)) return;
    if (count < -1) {
      answerError(call, error);
      return;
    }
  }
  const entries = slowLog.latest(count === -1 ? slowLog.count : count);
  respArray(reply, entries.length);
  for (const { id, atSec, us, words, address, name } of entries) {
    respArray(reply, 6);
    respInteger(reply, id);
    respInteger(reply, atSec);
    respInteger(reply, us);
    respArray(reply, words.length);
    for (const word of words) respText(reply, word);
    respText(reply, address);
    respText(reply, name);
  }
}

function slowlogLen({ reply, slowLog }: RespCall): void {
  respInteger(reply, slowLog.count);
}

function slowlogReset({ reply, slowLog, bulletin }: RespCall): void {
  slowLog.clear();
  bulletin.post({ kind: 'slowReset' });
  respOk(reply);
}
