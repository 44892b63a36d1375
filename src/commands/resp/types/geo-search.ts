/**
 * Searches for positions: GEOSEARCH and its like. GEORADIUS says in fixed places where it looks; the newer
 * ones say it in options, in any order.
 */

import { float64Parse } from '../../../base/float64.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import { type GeoPoint, geoSearch } from '../../../engine/types/geo.ts';
import { geoPosition, type Position } from '../../../engine/types/geo-hash.ts';
import { zsetRead, zsetScore } from '../../../engine/types/zset.ts';
import { rowsSort } from '../../../engine/types/zset-combine.ts';
import { ZsetEntry } from '../../../engine/types/zset-entry.ts';
import type { Partition } from '../../../memory/partition.ts';
import { argumentIs, argumentText } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import { respArray, respEmptyArray, respInteger, respText } from '../../../protocol/resp/reply.ts';
import { answerError, keyTake, type RespCall } from '../call.ts';
import { integerArgument } from '../number-arguments.ts';
import { FLAG, type KeySpec, READ_KEY, type RespRow } from '../row.ts';
import { distanceAnswer, positionAnswer, positionArguments, unitArgument } from './geo.ts';
import { nameTake } from './zset.ts';
import { rowsStore } from './zset-reply.ts';

const { WRITE, READONLY, DENY_OOM } = FLAG;
const STORE_KEYS: readonly KeySpec[] = [
  { use: 'OW update', from: 1 },
  { use: 'RO access', from: 2 },
];
const COST = 'O(N + log M), N the members in the cells that cover the shape, M all of the set';

/** What a command accepts, a bit each. */
const ACCEPTS = {
  CENTRE: 1, // FROMMEMBER, FROMLONLAT, BYRADIUS, BYBOX
  STORE: 2, // STORE key, STOREDIST key
  DISTANCE: 4, // STOREDIST without a key: argument 1 is the one to store to
} as const;

// biome-ignore format: a table reads in columns
export const GEO_SEARCH_ROWS: readonly RespRow[] = [
  { name: 'geosearch',            arity: -7, flags: READONLY,         keys: READ_KEY,                         group: 'geo', since: '6.2.0',  complexity: COST, syntax: 'key (FROMMEMBER member | FROMLONLAT longitude latitude) (BYRADIUS radius (M | KM | FT | MI) | BYBOX width height (M | KM | FT | MI)) [ASC | DESC] [COUNT count [ANY]] [WITHCOORD] [WITHDIST] [WITHHASH]', doc: 'Members within a circle or a box.', run: geosearch },
  { name: 'geosearchstore',       arity: -8, flags: WRITE | DENY_OOM, keys: STORE_KEYS,                       group: 'geo', since: '6.2.0',  complexity: COST, syntax: 'destination source (FROMMEMBER member | FROMLONLAT longitude latitude) (BYRADIUS radius (M | KM | FT | MI) | BYBOX width height (M | KM | FT | MI)) [ASC | DESC] [COUNT count [ANY]] [STOREDIST]', doc: 'Stores the members within a circle or a box.', run: geosearchstore },
  { name: 'georadius',            arity: -6, flags: WRITE | DENY_OOM, keys: READ_KEY, keysFind: storeKeys(6),  group: 'geo', since: '3.2.0',  complexity: COST, syntax: 'key longitude latitude radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC] [STORE key] [STOREDIST key]', doc: 'Members around a position.', run: (call) => aroundPosition(call, ACCEPTS.STORE) },
  { name: 'georadius_ro',         arity: -6, flags: READONLY,         keys: READ_KEY,                         group: 'geo', since: '3.2.10', complexity: COST, syntax: 'key longitude latitude radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]', doc: 'Members around a position, never stored.', run: (call) => aroundPosition(call, 0) },
  { name: 'georadiusbymember',    arity: -5, flags: WRITE | DENY_OOM, keys: READ_KEY, keysFind: storeKeys(5), group: 'geo', since: '3.2.0',  complexity: COST, syntax: 'key member radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC] [STORE key] [STOREDIST key]', doc: 'Members around a member.', run: (call) => aroundMember(call, ACCEPTS.STORE) },
  { name: 'georadiusbymember_ro', arity: -5, flags: READONLY,         keys: READ_KEY,                         group: 'geo', since: '3.2.10', complexity: COST, syntax: 'key member radius (M | KM | FT | MI) [WITHCOORD] [WITHDIST] [WITHHASH] [COUNT count [ANY]] [ASC | DESC]', doc: 'Members around a member, never stored.', run: (call) => aroundMember(call, 0) },
];

/**
 * Finds the keys to store to among the options from argument `first` on. Only the last of several is used,
 * but a row that looked for the word STORE could take one option's value for another option.
 */
function storeKeys(first: number): NonNullable<RespRow['keysFind']> {
  return (args, visit) => {
    for (let at = first; at + 1 < args.count; at++) {
      if (argumentIs(args, at, 'count')) at++;
      else if (argumentIs(args, at, 'store') || argumentIs(args, at, 'storedist')) {
        visit(++at, 'OW update');
      }
    }
  };
}

const ORDER = { NONE: 0, NEAREST: 1, FARTHEST: 2 } as const;

/** A search as it was asked for. */
class Search {
  readonly p: Partition;
  /** The set; 0: there is none. */
  readonly ref: number;
  readonly accepts: number;
  centre: Position | null = null;
  /** In units; negative: none was given. */
  radius = -1;
  width = -1;
  height = -1;
  unitMetres = 1;
  withDistance = false;
  withHash = false;
  withPosition = false;
  order: number = ORDER.NONE;
  /** 0: all. */
  count = 0;
  isAny = false;
  /** The argument that is the key to store to; 0: none. */
  storeIndex = 0;
  storesDistance = false;
  fromMember = false;
  fromPosition = false;

  constructor(p: Partition, ref: number, accepts: number) {
    this.p = p;
    this.ref = ref;
    this.accepts = accepts;
  }
}

const entry = new ZsetEntry(Buffer.alloc(0));

/** Begins a search of the set at argument `index`; null if the key holds something else: answered. */
function searchBegin(call: RespCall, index: number, accepts: number): Search | null {
  const p = keyTake(call, index);
  const ref = zsetRead(p, call.op);
  if (ref !== OTHER_TYPE) return new Search(p, ref, accepts);
  answerError(call, RESP_ERROR.wrongType);
  return null;
}

function geosearch(call: RespCall): void {
  const search = searchBegin(call, 1, ACCEPTS.CENTRE);
  if (search !== null && optionsTake(call, search, 2)) searchRun(call, search);
}

function geosearchstore(call: RespCall): void {
  const search = searchBegin(call, 2, ACCEPTS.CENTRE | ACCEPTS.DISTANCE);
  if (search === null) return;
  search.storeIndex = 1;
  if (optionsTake(call, search, 3)) searchRun(call, search);
}

function aroundPosition(call: RespCall, accepts: number): void {
  const search = searchBegin(call, 1, accepts);
  if (search === null) return;
  search.centre = positionArguments(call, 2);
  if (search.centre === null || !radiusTake(call, search, 4)) return;
  if (optionsTake(call, search, 6)) searchRun(call, search);
}

function aroundMember(call: RespCall, accepts: number): void {
  const search = searchBegin(call, 1, accepts);
  if (search === null) return;
  const isThere = search.ref !== 0;
  if (isThere && !(memberTake(call, search, 2) && radiusTake(call, search, 3))) return;
  if (optionsTake(call, search, 5)) searchRun(call, search);
}

/** The centre is where the member at an argument is. */
function memberTake(call: RespCall, search: Search, index: number): boolean {
  const { p, ref } = search;
  if (ref === 0) return true;
  nameTake(call, index, entry);
  if (zsetScore(p, ref, entry)) {
    search.centre = geoPosition(entry.score);
    return true;
  }
  answerError(call, 'ERR could not decode requested zset member');
  return false;
}

/** A length that is not negative; NaN if the argument is none, which was answered. */
function lengthArgument(call: RespCall, index: number, what: string): number {
  const { args } = call;
  const length = float64Parse(args.source, args.start[index], args.end[index]);
  if (Number.isNaN(length)) answerError(call, `ERR need numeric ${what}`);
  return length;
}

/** Reads `radius unit` from argument `index` on. */
function radiusTake(call: RespCall, search: Search, index: number): boolean {
  const radius = lengthArgument(call, index, 'radius');
  if (Number.isNaN(radius)) return false;
  if (radius < 0) {
    answerError(call, 'ERR radius cannot be negative');
    return false;
  }
  search.radius = radius;
  search.unitMetres = unitArgument(call, index + 1);
  return !Number.isNaN(search.unitMetres);
}

/** Reads `width height unit` from argument `index` on. */
function boxTake(call: RespCall, search: Search, index: number): boolean {
  const width = lengthArgument(call, index, 'width');
  if (Number.isNaN(width)) return false;
  const height = lengthArgument(call, index + 1, 'height');
  if (Number.isNaN(height)) return false;
  if (width < 0 || height < 0) {
    answerError(call, 'ERR height or width cannot be negative');
    return false;
  }
  search.width = width;
  search.height = height;
  search.unitMetres = unitArgument(call, index + 2);
  return !Number.isNaN(search.unitMetres);
}

/** Reads the options from argument `first` on. False: something is wrong, and was answered. */
function optionsTake(call: RespCall, search: Search, first: number): boolean {
  const { args } = call;
  for (let at = first; at < args.count; ) {
    if (flagTake(call, search, at)) {
      at++;
      continue;
    }
    const taken = valueOptionTake(call, search, at);
    if (taken === 0) {
      answerError(call, RESP_ERROR.syntax);
      return false;
    }
    if (taken < 0) return false;
    at += taken;
  }
  const error = searchError(call, search);
  if (error !== '') answerError(call, error);
  return error === '';
}

/** An option without a value. */
function flagTake({ args }: RespCall, search: Search, at: number): boolean {
  if (argumentIs(args, at, 'withdist')) search.withDistance = true;
  else if (argumentIs(args, at, 'withhash')) search.withHash = true;
  else if (argumentIs(args, at, 'withcoord')) search.withPosition = true;
  else if (argumentIs(args, at, 'any')) search.isAny = true;
  else if (argumentIs(args, at, 'asc')) search.order = ORDER.NEAREST;
  else if (argumentIs(args, at, 'desc')) search.order = ORDER.FARTHEST;
  else if (search.accepts & ACCEPTS.DISTANCE && argumentIs(args, at, 'storedist')) {
    search.storesDistance = true;
  } else return false;
  return true;
}

/** Takes an option with its values: returns how many arguments; 0: it is none; -1: wrong, and answered. */
function valueOptionTake(call: RespCall, search: Search, at: number): number {
  const { args } = call;
  const { accepts } = search;
  const left = args.count - at - 1;
  if (left >= 1 && argumentIs(args, at, 'count')) {
    return countTake(call, search, at + 1) ? 2 : -1;
  }
  if (accepts & ACCEPTS.STORE && left >= 1) {
    const withDistance = argumentIs(args, at, 'storedist');
    if (!withDistance && !argumentIs(args, at, 'store')) return 0;
    search.storesDistance = withDistance;
    search.storeIndex = at + 1;
    return 2;
  }
  return accepts & ACCEPTS.CENTRE ? shapeOptionTake(call, search, at, left) : 0;
}

function countTake(call: RespCall, search: Search, index: number): boolean {
  const count = integerArgument(call, index);
  if (Number.isNaN(count)) return false;
  search.count = count;
  if (count <= 0) answerError(call, 'ERR COUNT must be > 0');
  return count > 0;
}

/** FROMMEMBER, FROMLONLAT, BYRADIUS or BYBOX; returns as valueOptionTake. */
function shapeOptionTake(call: RespCall, search: Search, at: number, left: number): number {
  const { args } = call;
  if (left >= 1 && !search.fromPosition && argumentIs(args, at, 'frommember')) {
    search.fromMember = true;
    return memberTake(call, search, at + 1) ? 2 : -1;
  }
  if (left >= 2 && !search.fromMember && argumentIs(args, at, 'fromlonlat')) {
    search.fromPosition = true;
    search.centre = positionArguments(call, at + 1);
    return search.centre === null ? -1 : 3;
  }
  if (left >= 2 && search.width < 0 && argumentIs(args, at, 'byradius')) {
    return radiusTake(call, search, at + 1) ? 3 : -1;
  }
  if (left >= 3 && search.radius < 0 && argumentIs(args, at, 'bybox')) {
    return boxTake(call, search, at + 1) ? 4 : -1;
  }
  return 0;
}

/** Why options do not go together; empty if they do. */
function searchError({ args }: RespCall, search: Search): string {
  const { accepts } = search;
  if (search.storeIndex !== 0 && (search.withDistance || search.withHash || search.withPosition)) {
    const what = accepts & ACCEPTS.DISTANCE ? 'GEOSEARCHSTORE' : 'STORE option in GEORADIUS';
    return `ERR ${what} is not compatible with WITHDIST, WITHHASH and WITHCOORD options`;
  }
  if (accepts & ACCEPTS.CENTRE) {
    const name = argumentText(args, 0);
    if (!search.fromMember && !search.fromPosition) {
      return `ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for ${name}`;
    }
    if (search.radius < 0 && search.width < 0) {
      return `ERR exactly one of BYRADIUS and BYBOX can be specified for ${name}`;
    }
  }
  const isAnyOfAll = search.isAny && search.count === 0;
  return isAnyOfAll ? 'ERR the ANY argument requires COUNT argument' : '';
}

function searchRun(call: RespCall, search: Search): void {
  const points = search.ref === 0 ? [] : pointsFind(search);
  if (search.storeIndex !== 0) pointsStore(call, search, points);
  else if (points.length === 0) respEmptyArray(call.reply);
  else pointsAnswer(call, search, points);
}

/** The members that are asked for, in the order that is asked for. */
function pointsFind(search: Search): GeoPoint[] {
  const { p, ref, centre, unitMetres, count, isAny } = search;
  if (centre === null) return [];
  const radius = search.radius * unitMetres;
  const shape = {
    centre,
    radius,
    width: search.width * unitMetres,
    height: search.height * unitMetres,
  };
  const points = geoSearch(p, ref, shape, isAny ? count : 0);
  // The nearest are wanted where only some are, unless any will do.
  const isNearest = search.order === ORDER.NEAREST || (count > 0 && !isAny);
  if (search.order === ORDER.FARTHEST) points.sort((one, other) => other.distance - one.distance);
  else if (isNearest) points.sort((one, other) => one.distance - other.distance);
  return count > 0 ? points.slice(0, count) : points;
}

function pointsStore(call: RespCall, search: Search, points: readonly GeoPoint[]): void {
  const { storesDistance, unitMetres, accepts, storeIndex } = search;
  const rows = points.map(({ name, score, distance }) => ({
    name,
    score: storesDistance ? distance / unitMetres : score,
  }));
  const event = accepts & ACCEPTS.DISTANCE ? 'geosearchstore' : 'georadiusstore';
  rowsStore(call, rowsSort(rows), event, storeIndex);
}

function pointsAnswer({ reply }: RespCall, search: Search, points: readonly GeoPoint[]): void {
  const { withDistance, withHash, withPosition, unitMetres } = search;
  const parts = Number(withDistance) + Number(withHash) + Number(withPosition);
  respArray(reply, points.length);
  for (const { name, score, position, distance } of points) {
    if (parts > 0) respArray(reply, parts + 1);
    respText(reply, name);
    if (withDistance) distanceAnswer(reply, distance / unitMetres);
    if (withHash) respInteger(reply, score);
    if (withPosition) positionAnswer(reply, position);
  }
}
