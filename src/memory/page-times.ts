/**
 * When the items of a page expire: the earliest time is kept with the page, so that the expiry sweep
 * reads only pages that have something due.
 */
import { PAGE, type Partition, pageOf, pageRecord } from './partition.ts';

/** Earliest expiry in the page, Unix milliseconds; 0 = nothing in it expires. */
export function pageExpiresAtMinMs(p: Partition, page: number): number {
  return p.f64[(pageRecord(p, page) + PAGE.expiresAtMinMs) >>> 1];
}

export function pageExpiresAtMinMsSet(p: Partition, page: number, expiresAtMs: number): void {
  p.f64[(pageRecord(p, page) + PAGE.expiresAtMinMs) >>> 1] = expiresAtMs;
}

/** An item at `ref` got this expiry time (0 = never). */
export function pageNoteExpiry(p: Partition, ref: number, expiresAtMs: number): void {
  if (expiresAtMs === 0) return;
  const at = (pageRecord(p, pageOf(p, ref)) + PAGE.expiresAtMinMs) >>> 1;
  const earliest = p.f64[at];
  if (earliest === 0 || expiresAtMs < earliest) p.f64[at] = expiresAtMs;
}
