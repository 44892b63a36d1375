/**
 * Geohashes: a position on earth as one integer of 52 bits, which is a sorted set's score. The bits of
 * longitude and latitude take turns, so places near each other mostly have scores near each other, and a
 * *cell*, a rectangle of the map, is a range of scores.
 *
 *   cell of step s   x: the top s bits of the longitude     score bits   x y x y x y …
 *                    y: the top s bits of the latitude                   51             0
 *
 * A score has steps of 26 bits: 0.6 m at the equator. Latitudes end where the web's Mercator maps do.
 * Distances are those on a sphere (haversine).
 *
 * Source: Valkey src/geohash.c, geohash_helper.c, whose constants and order of operations these are: the
 * last digits of positions and distances depend on them.
 */

export const LONGITUDE_MAX = 180;
export const LATITUDE_MAX = 85.05112878;
/** Bits of each coordinate in a score. */
export const STEP_MAX = 26;

const EARTH_RADIUS_M = 6372797.560856;
/** Half the circumference of the earth, as Mercator maps have it. */
const MERCATOR_M_MAX = 20037726.37;
const DEGREE = Math.PI / 180;
/** Where a geohash in letters has latitudes end. */
const POLE_LATITUDE = 90;
const HALF_BITS = 13;
const HALF = 2 ** HALF_BITS;
const WHOLE = 2 ** STEP_MAX;

const LETTERS = '0123456789bcdefghjkmnpqrstuvwxyz';
const LETTER_BITS = 5;
/** Letters with bits of their own; one more has none left, and is always 0. */
const LETTERS_WITH_BITS = 10;

export type Position = { readonly longitude: number; readonly latitude: number };

/** A rectangle of the map. */
export type Cell = { readonly x: number; readonly y: number; readonly step: number };

export type Bounds = {
  readonly west: number;
  readonly east: number;
  readonly south: number;
  readonly north: number;
};

/** The bits of a number below 2^16, each behind a zero. */
function bitsSpread(value: number): number {
  let bits = (value | (value << 8)) & 0x00ff00ff;
  bits = (bits | (bits << 4)) & 0x0f0f0f0f;
  bits = (bits | (bits << 2)) & 0x33333333;
  return (bits | (bits << 1)) & 0x55555555;
}

/** Every second bit of a number below 2^26, from the lowest on. */
function bitsGather(value: number): number {
  let bits = value & 0x55555555;
  bits = (bits | (bits >>> 1)) & 0x33333333;
  bits = (bits | (bits >>> 2)) & 0x0f0f0f0f;
  bits = (bits | (bits >>> 4)) & 0x00ff00ff;
  return (bits | (bits >>> 8)) & 0x0000ffff;
}

/** Bits of x and y in turn, x first. Neither has more than 28. */
function interleave(x: number, y: number): number {
  const low = bitsSpread(y % HALF) | (bitsSpread(x % HALF) << 1);
  const high = bitsSpread(Math.floor(y / HALF)) | (bitsSpread(Math.floor(x / HALF)) << 1);
  return high * WHOLE + low;
}

/** The cell of a position. `latitudeMax` is where the map ends. */
function cellOf({ longitude, latitude }: Position, step: number, latitudeMax: number): Cell {
  const size = 2 ** step;
  const x = Math.floor(((longitude + LONGITUDE_MAX) / (2 * LONGITUDE_MAX)) * size);
  const y = Math.floor(((latitude + latitudeMax) / (2 * latitudeMax)) * size);
  return { x, y, step };
}

/** The score of a position. */
export function geoScore(position: Position): number {
  // At the very edge of the map a coordinate is one too many, and takes a bit more.
  const { x, y } = cellOf(position, STEP_MAX, LATITUDE_MAX);
  return interleave(x, y);
}

/** The middle of a score's cell. A score that is no position's has one all the same. */
export function geoPosition(score: number): Position {
  let rest = Math.max(Math.trunc(score), 0);
  let x = 0;
  let y = 0;
  for (let unit = 1; unit < 2 ** 32; unit *= HALF, rest = Math.floor(rest / WHOLE)) {
    const piece = rest % WHOLE;
    x += bitsGather(piece >>> 1) * unit;
    y += bitsGather(piece) * unit;
  }
  const { west, east, south, north } = cellBounds({ x, y, step: STEP_MAX });
  return {
    longitude: within((west + east) / 2, LONGITUDE_MAX),
    latitude: within((south + north) / 2, LATITUDE_MAX),
  };
}

function within(value: number, limit: number): number {
  return Math.min(Math.max(value, -limit), limit);
}

function cellBounds({ x, y, step }: Cell): Bounds {
  const size = 2 ** step;
  const width = 2 * LONGITUDE_MAX;
  const height = 2 * LATITUDE_MAX;
  return {
    west: -LONGITUDE_MAX + (x / size) * width,
    east: -LONGITUDE_MAX + ((x + 1) / size) * width,
    south: -LATITUDE_MAX + (y / size) * height,
    north: -LATITUDE_MAX + ((y + 1) / size) * height,
  };
}

/** The lowest score in a cell. */
export function cellScoreMin({ x, y, step }: Cell): number {
  return interleave(x, y) * 4 ** (STEP_MAX - step);
}

/** The lowest score beyond a cell. */
export function cellScoreEnd(cell: Cell): number {
  return cellScoreMin(cell) + 4 ** (STEP_MAX - cell.step);
}

/** The cell so many columns to the east and rows to the north; the map is round both ways. */
function cellBeside({ x, y, step }: Cell, columns: number, rows: number): Cell {
  const size = 2 ** step;
  return {
    x: columns === 0 ? x : (x + columns + size) % size,
    y: rows === 0 ? y : (y + rows + size) % size,
    step,
  };
}

/** Metres between two latitudes on the same meridian. */
export function latitudeDistance(one: number, other: number): number {
  return EARTH_RADIUS_M * Math.abs(other * DEGREE - one * DEGREE);
}

/** Metres between two positions. */
export function geoDistance(one: Position, other: Position): number {
  const v = Math.sin((other.longitude * DEGREE - one.longitude * DEGREE) / 2);
  if (v === 0) return latitudeDistance(one.latitude, other.latitude);
  const from = one.latitude * DEGREE;
  const to = other.latitude * DEGREE;
  const u = Math.sin((to - from) / 2);
  const a = u * u + Math.cos(from) * Math.cos(to) * v * v;
  return 2 * EARTH_RADIUS_M * Math.asin(Math.sqrt(a));
}

/** A score's place as the eleven letters that geohash.org has for it. */
export function geoLetters(score: number): string {
  const { x, y } = cellOf(geoPosition(score), STEP_MAX, POLE_LATITUDE);
  let rest = interleave(x, y) / 4;
  let letters = '';
  for (let at = 0; at < LETTERS_WITH_BITS; at++) {
    letters = LETTERS[Math.floor(rest) % 2 ** LETTER_BITS] + letters;
    rest /= 2 ** LETTER_BITS;
  }
  return `${letters}0`;
}

/**
 * The cells that cover what is within so many metres to each side of a position: its own and its
 * neighbours, as far as they are needed, in the order in which Redis visits them.
 *   reach   metres to the farthest corner
 */
export function cellsAround(
  centre: Position,
  halfWidth: number,
  halfHeight: number,
  reach: number,
): Cell[] {
  const box = boxAround(centre, halfWidth, halfHeight);
  const estimate = stepFor(reach, centre.latitude);
  const first = cellOf(centre, estimate, LATITUDE_MAX);
  const step = estimate > 1 && !neighboursCover(first, box) ? estimate - 1 : estimate;
  const own = cellOf(centre, step, LATITUDE_MAX);
  const bounds = cellBounds(own);
  // Cells beyond a side that the box does not cross are of no use; of the largest, all are taken.
  const isLarge = step < 2;
  const goesSouth = isLarge || bounds.south >= box.south;
  const goesNorth = isLarge || bounds.north <= box.north;
  const goesWest = isLarge || bounds.west >= box.west;
  const goesEast = isLarge || bounds.east <= box.east;
  const cells: Cell[] = [];
  const add = (columns: number, rows: number): void => {
    if ((rows > 0 && !goesNorth) || (rows < 0 && !goesSouth)) return;
    if ((columns > 0 && !goesEast) || (columns < 0 && !goesWest)) return;
    const cell = cellBeside(own, columns, rows);
    // Where cells are large, one is its own neighbour, or another's once more.
    if (!cells.some(({ x, y }) => x === cell.x && y === cell.y)) cells.push(cell);
  };
  add(0, 0);
  add(0, 1);
  add(0, -1);
  add(1, 0);
  add(-1, 0);
  add(1, 1);
  add(-1, 1);
  add(1, -1);
  add(-1, -1);
  return cells;
}

/** Meridians converge towards the poles: the box is as wide as it has to be at its narrow side. */
function boxAround(centre: Position, halfWidth: number, halfHeight: number): Bounds {
  const { longitude, latitude } = centre;
  const rows = halfHeight / EARTH_RADIUS_M / DEGREE;
  const narrow = latitude < 0 ? latitude - rows : latitude + rows;
  const columns = halfWidth / EARTH_RADIUS_M / Math.cos(narrow * DEGREE) / DEGREE;
  return {
    west: longitude - columns,
    east: longitude + columns,
    south: latitude - rows,
    north: latitude + rows,
  };
}

/** The step whose cells are so large that a cell and its neighbours cover what is in reach. */
function stepFor(reach: number, latitude: number): number {
  if (reach === 0) return STEP_MAX;
  let step = 1;
  for (let metres = reach; metres < MERCATOR_M_MAX; metres *= 2) step++;
  step -= 2;
  const north = Math.abs(latitude);
  if (north > 66) step--;
  if (north > 80) step--;
  return Math.min(Math.max(step, 1), STEP_MAX);
}

function neighboursCover(own: Cell, box: Bounds): boolean {
  return (
    cellBounds(cellBeside(own, 0, 1)).north >= box.north &&
    cellBounds(cellBeside(own, 0, -1)).south <= box.south &&
    cellBounds(cellBeside(own, 1, 0)).east >= box.east &&
    cellBounds(cellBeside(own, -1, 0)).west <= box.west
  );
}
