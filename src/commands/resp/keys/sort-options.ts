/** What SORT is asked for besides the key: read from the arguments, also to know which keys it touches. */
import { type Arguments, argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { aclAllowsAnyKey } from '../acl/acl-check.ts';
import { answerError, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';

const STAR = 0x2a;
/** Arguments that follow an option. */
const OPTION_WORDS: ReadonlyMap<string, number> = new Map([
  ['by', 1],
  ['get', 1],
  ['store', 1],
  ['limit', 2],
]);

/** Options are arguments of the request; 0: not given. */
export class SortOptions {
  by = 0;
  readonly gets: number[] = [];
  store = 0;
  isDescending = false;
  isAlpha = false;
  offset = 0;
  /** -1: to the end. */
  count = -1;
}

/** Reads the options. Null: something is wrong with them, which was answered. */
export function sortOptions(call: RespCall, isReadOnly: boolean): SortOptions | null {
  const { args } = call;
  const options = new SortOptions();
  for (let index = 2; index < args.count; index++) {
    const left = args.count - index - 1;
    if (argumentIs(args, index, 'asc')) {
      options.isDescending = false;
    } else if (argumentIs(args, index, 'desc')) {
      options.isDescending = true;
    } else if (argumentIs(args, index, 'alpha')) {
      options.isAlpha = true;
    } else if (argumentIs(args, index, 'limit') && left >= 2) {
      options.offset = integerArgument(call, ++index);
      if (Number.isNaN(options.offset)) return null;
      options.count = integerArgument(call, ++index);
      if (Number.isNaN(options.count)) return null;
    } else if (!isReadOnly && argumentIs(args, index, 'store') && left >= 1) {
      options.store = ++index;
    } else if (argumentIs(args, index, 'by') && left >= 1) {
      options.by = ++index;
      if (isPattern(args, index) && !readsAnyKey(call, 'BY')) return null;
    } else if (argumentIs(args, index, 'get') && left >= 1) {
      options.gets.push(++index);
      if (!readsAnyKey(call, 'GET')) return null;
    } else {
      answerError(call, RESP_ERROR.syntax);
      return null;
    }
  }
  return options;
}

/** Elements make up keys that no permission names, so all keys must be allowed; or else an error is answered. */
function readsAnyKey(call: RespCall, option: string): boolean {
  const { session, command, args } = call;
  if (aclAllowsAnyKey(session.user, command, args)) return true;
  answerError(call, `ERR ${option} option of SORT denied due to insufficient ACL permissions.`);
  return false;
}

/** Whether an argument has a star, for which elements are put in: else it names no key. */
export function isPattern({ source, start, end }: Arguments, index: number): boolean {
  return source.subarray(start[index], end[index]).includes(STAR);
}

/** Visits the destination, if there is one: of several the last. */
export function sortStoreFind(args: Arguments, visit: (index: number, use: string) => void): void {
  let destination = 0;
  optionsVisit(args, (name, index) => {
    if (name === 'store') destination = index + 1;
  });
  if (destination !== 0) visit(destination, 'OW update');
}

/** Elements in patterns make keys that may lie anywhere. */
export function sortLocks(call: RespCall, args: Arguments): void {
  optionsVisit(args, (name, index) => {
    const hasPattern = name === 'by' || name === 'get';
    if (hasPattern && isPattern(args, index + 1)) call.locks.wantAll();
  });
}

/** Calls visit(name, index) for each option that has something behind it. */
function optionsVisit(args: Arguments, visit: (name: string, index: number) => void): void {
  for (let index = 2; index < args.count; index++) {
    for (const [name, words] of OPTION_WORDS) {
      if (!argumentIs(args, index, name) || index + words >= args.count) continue;
      visit(name, index);
      index += words;
      break;
    }
  }
}
