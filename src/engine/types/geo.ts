/**
 * Positions in sorted sets: which members are within a circle or a box. The scores are geohashes
 * (geo-hash.ts); the cells that cover the shape are ranges of scores, and what is in them is looked at
 * one by one.
 *
 * Guard: the lock of the set's partition.
 */
import type { Partition } from '../../memory/partition.ts';
import { OrderTarget, targetSetScore } from '../collection/order-target.ts';
import {
  cellScoreEnd,
  cellScoreMin,
  cellsAround,
  geoDistance,
  geoPosition,
  latitudeDistance,
  type Position,
} from './geo-hash.ts';
import { zsetRankOf } from './zset.ts';
import { ZsetEntry } from './zset-entry.ts';
import { ZsetWalk, zsetWalkNext, zsetWalkStart } from './zset-walk.ts';

/** Where members are looked for, in metres: within `radius`, or within a box if that is negative. */
export type GeoShape = {
  readonly centre: Position;
  readonly radius: number;
  readonly width: number;
  readonly height: number;
};

/** A member that was found. The name has a character for each byte. */
export type GeoPoint = {
  readonly name: string;
  readonly score: number;
  readonly position: Position;
  /** Metres from the centre. */
  readonly distance: number;
};

const target = new OrderTarget(Buffer.alloc(0));
const walk = new ZsetWalk();
const entry = new ZsetEntry(Buffer.alloc(0));

/** Members of the set within the shape, in no order of distance; no more than `limit`, unless that is 0. */
export function geoSearch(p: Partition, ref: number, shape: GeoShape, limit: number): GeoPoint[] {
  const { centre, radius, width, height } = shape;
  const points: GeoPoint[] = [];
  const isCircle = radius >= 0;
  const halfWidth = isCircle ? radius : width / 2;
  const halfHeight = isCircle ? radius : height / 2;
  const reach = isCircle ? radius : Math.sqrt(halfWidth * halfWidth + halfHeight * halfHeight);
  for (const cell of cellsAround(centre, halfWidth, halfHeight, reach)) {
    const first = rankOf(p, ref, cellScoreMin(cell));
    const end = rankOf(p, ref, cellScoreEnd(cell));
    zsetWalkStart(p, ref, walk, first, end - first, false);
    while (zsetWalkNext(p, walk, entry)) {
      const position = geoPosition(entry.score);
      const distance = distanceWithin(shape, position);
      if (distance < 0) continue;
      const { name, nameStart, nameBytes, score } = entry;
      const text = name.toString('latin1', nameStart, nameStart + nameBytes);
      points.push({ name: text, score, position, distance });
      if (points.length === limit) return points;
    }
  }
  return points;
}

/** How many members have a lower score. */
function rankOf(p: Partition, ref: number, score: number): number {
  targetSetScore(target, score, false);
  return zsetRankOf(p, ref, target);
}

/** Metres from the centre; negative if the position is not within the shape. */
function distanceWithin({ centre, radius, width, height }: GeoShape, position: Position): number {
  if (radius >= 0) {
    const distance = geoDistance(centre, position);
    return distance > radius ? -1 : distance;
  }
  if (latitudeDistance(position.latitude, centre.latitude) > height / 2) return -1;
  const sameLatitude = { longitude: centre.longitude, latitude: position.latitude };
  if (geoDistance(position, sameLatitude) > width / 2) return -1;
  return geoDistance(centre, position);
}
