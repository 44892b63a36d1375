/** Positions on earth, which are members of sorted sets: single ones. */

import { float64Parse } from '../../../base/float64.ts';
import { OTHER_TYPE } from '../../../engine/status.ts';
import {
  geoDistance,
  geoLetters,
  geoPosition,
  geoScore,
  LATITUDE_MAX,
  LONGITUDE_MAX,
  type Position,
} from '../../../engine/types/geo-hash.ts';
import { ADD, zsetRead, zsetScore } from '../../../engine/types/zset.ts';
import { ZsetEntry } from '../../../engine/types/zset-entry.ts';
import type { Reply } from '../../../protocol/reply.ts';
import { argumentIs } from '../../../protocol/resp/arguments.ts';
import { RESP_ERROR } from '../../../protocol/resp/errors.ts';
import {
  respArray,
  respDoubleText,
  respNull,
  respNullArray,
  respText,
} from '../../../protocol/resp/reply.ts';
import { answerError, type RespCall } from '../call.ts';
import { FLAG, READ_KEY, type RespRow, UPDATE_KEY } from '../row.ts';
import { membersAdd, nameTake, scoreNote } from './zset.ts';

const { WRITE, READONLY, DENY_OOM } = FLAG;

// biome-ignore format: a table reads in columns
export const GEO_ROWS: readonly RespRow[] = [
  { name: 'geoadd',  arity: -5, flags: WRITE | DENY_OOM, keys: UPDATE_KEY, group: 'geo', since: '3.2.0', complexity: 'O(log N) for each member, N the members of the set', syntax: 'key [NX | XX] [CH] longitude latitude member [longitude latitude member ...]', doc: 'Adds members with their positions, or moves them.', run: geoadd },
  { name: 'geodist', arity: -4, flags: READONLY,         keys: READ_KEY,   group: 'geo', since: '3.2.0', complexity: 'O(1)', syntax: 'key member1 member2 [M | KM | FT | MI]', doc: 'The distance between two members.', run: geodist },
  { name: 'geohash', arity: -2, flags: READONLY,         keys: READ_KEY,   group: 'geo', since: '3.2.0', complexity: 'O(1) for each member', syntax: 'key [member [member ...]]', doc: 'The positions of members as geohashes in letters.', run: geohash },
  { name: 'geopos',  arity: -2, flags: READONLY,         keys: READ_KEY,   group: 'geo', since: '3.2.0', complexity: 'O(1) for each member', syntax: 'key [member [member ...]]', doc: 'The positions of members.', run: geopos },
];

const POSITION_DECIMALS = 17;
const DISTANCE_DECIMALS = 4;

const entry = new ZsetEntry(Buffer.alloc(0));

function geoadd(call: RespCall): void {
  const { args } = call;
  let conditions = 0;
  let tellsChanged = false;
  let at = 2;
  for (; at < args.count; at++) {
    if (argumentIs(args, at, 'nx')) conditions |= ADD.NX;
    else if (argumentIs(args, at, 'xx')) conditions |= ADD.XX;
    else if (argumentIs(args, at, 'ch')) tellsChanged = true;
    else break;
  }
  const left = args.count - at;
  if (left === 0 || left % 3 !== 0 || conditions === (ADD.NX | ADD.XX)) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  for (let member = 0; member * 3 < left; member++) {
    const position = positionArguments(call, at + member * 3);
    if (position === null) return;
    scoreNote(member, geoScore(position));
  }
  membersAdd(call, at + 2, 3, conditions, tellsChanged);
}

/** Arguments `index` and the next one as a position; null if they are none, which was answered. */
export function positionArguments(call: RespCall, index: number): Position | null {
  const { args } = call;
  const longitude = float64Parse(args.source, args.start[index], args.end[index]);
  const latitude = float64Parse(args.source, args.start[index + 1], args.end[index + 1]);
  if (Number.isNaN(longitude) || Number.isNaN(latitude)) {
    answerError(call, RESP_ERROR.notFloat);
    return null;
  }
  if (Math.abs(longitude) > LONGITUDE_MAX || Math.abs(latitude) > LATITUDE_MAX) {
    const pair = `${fixed(longitude)},${fixed(latitude)}`;
    answerError(call, `ERR invalid longitude,latitude pair ${pair}`);
    return null;
  }
  return { longitude, latitude };
}

function fixed(value: number): string {
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  return value.toFixed(6);
}

/** Metres of a unit that an argument names; NaN if it names none, which was answered. */
export function unitArgument(call: RespCall, index: number): number {
  const { args } = call;
  if (argumentIs(args, index, 'm')) return 1;
  if (argumentIs(args, index, 'km')) return 1000;
  if (argumentIs(args, index, 'ft')) return 0.3048;
  if (argumentIs(args, index, 'mi')) return 1609.34;
  answerError(call, 'ERR unsupported unit provided. please use M, KM, FT, MI');
  return Number.NaN;
}

/** The set at argument 1: 0 if there is none, OTHER_TYPE if the key holds something else, and answered. */
function setTake(call: RespCall): number {
  const ref = zsetRead(call.p, call.op);
  if (ref === OTHER_TYPE) answerError(call, RESP_ERROR.wrongType);
  return ref;
}

/** Takes the score of the member at an argument. `ref` 0: there is no set. */
function scoreTake(call: RespCall, ref: number, index: number): boolean {
  nameTake(call, index, entry);
  return ref !== 0 && zsetScore(call.p, ref, entry);
}

function geodist(call: RespCall): void {
  const { args, reply } = call;
  if (args.count > 5) {
    answerError(call, RESP_ERROR.syntax);
    return;
  }
  const unit = args.count === 5 ? unitArgument(call, 4) : 1;
  if (Number.isNaN(unit)) return;
  const ref = setTake(call);
  if (ref === OTHER_TYPE) return;
  if (!scoreTake(call, ref, 2)) {
    respNull(reply);
    return;
  }
  const one = geoPosition(entry.score);
  if (!scoreTake(call, ref, 3)) respNull(reply);
  else distanceAnswer(reply, geoDistance(one, geoPosition(entry.score)) / unit);
}

/** A distance, which is a bulk string in RESP3 too: rounded to the even neighbour, with four decimals. */
export function distanceAnswer(reply: Reply, distance: number): void {
  const scaled = distance * 10 ** DISTANCE_DECIMALS;
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const isUp = rest > 0.5 || (rest === 0.5 && floor % 2 === 1);
  const digits = String(isUp ? floor + 1 : floor).padStart(DISTANCE_DECIMALS + 1, '0');
  const point = digits.length - DISTANCE_DECIMALS;
  respText(reply, `${digits.slice(0, point)}.${digits.slice(point)}`);
}

function geohash(call: RespCall): void {
  const { args, reply } = call;
  const ref = setTake(call);
  if (ref === OTHER_TYPE) return;
  respArray(reply, args.count - 2);
  for (let index = 2; index < args.count; index++) {
    if (scoreTake(call, ref, index)) respText(reply, geoLetters(entry.score));
    else respNull(reply);
  }
}

function geopos(call: RespCall): void {
  const { args, reply } = call;
  const ref = setTake(call);
  if (ref === OTHER_TYPE) return;
  respArray(reply, args.count - 2);
  for (let index = 2; index < args.count; index++) {
    if (scoreTake(call, ref, index)) positionAnswer(reply, geoPosition(entry.score));
    else respNullArray(reply);
  }
}

/** A position: longitude and latitude, doubles with all the decimals that a long double is shown with. */
export function positionAnswer(reply: Reply, { longitude, latitude }: Position): void {
  respArray(reply, 2);
  respDoubleText(reply, coordinateText(longitude));
  respDoubleText(reply, coordinateText(latitude));
}

function coordinateText(value: number): string {
  const text = value.toFixed(POSITION_DECIMALS).replace(/\.?0+$/, '');
  return text === '-0' ? '0' : text;
}
