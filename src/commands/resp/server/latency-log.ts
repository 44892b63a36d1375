/**
 * What the latency monitor has noted: for each kind of event the last 160 times, one a second, of which the
 * longest counts. Every thread has a copy of all of it. Source: Redis src/latency.c.
 *
 * Guard: none; it belongs to its thread.
 */
import type { Account } from '../bulletin.ts';

const SAMPLE_COUNT_MAX = 160;

export type LatencySample = { readonly atSec: number; readonly ms: number };

/** All that is known of one kind of event. */
export class LatencySeries {
  readonly samples: LatencySample[] = [];
  msMax = 0;

  add({ atSec, ms }: LatencySample): void {
    this.msMax = Math.max(this.msMax, ms);
    const last = this.samples.at(-1);
    if (last?.atSec === atSec) {
      this.samples[this.samples.length - 1] = { atSec, ms: Math.max(ms, last.ms) };
      return;
    }
    this.samples.push({ atSec, ms });
    if (this.samples.length > SAMPLE_COUNT_MAX) this.samples.shift();
  }
}

type Told = readonly (readonly [event: string, samples: readonly LatencySample[], msMax: number])[];

export class LatencyLog implements Account {
  private readonly byEvent = new Map<string, LatencySeries>();

  note(event: string, sample: LatencySample): void {
    const series = this.byEvent.get(event) ?? new LatencySeries();
    this.byEvent.set(event, series);
    series.add(sample);
  }

  get(event: string): LatencySeries | null {
    return this.byEvent.get(event) ?? null;
  }

  /** Kinds of events, in alphabetical order. */
  get events(): readonly string[] {
    return [...this.byEvent.keys()].sort();
  }

  /** Forgets these, or all; returns how many there were. */
  reset(events: readonly string[] | null): number {
    return [...(events ?? this.events)].filter((event) => this.byEvent.delete(event)).length;
  }

  // ── For a thread that starts ──

  tell(): Told {
    return [...this.byEvent].map(([event, { samples, msMax }]) => [event, samples, msMax]);
  }

  hear(_thread: number, told: unknown): void {
    // Only `tell` above wrote it. All threads know the same, so the first account is enough.
    for (const [event, samples, msMax] of told as Told) {
      if (this.byEvent.has(event)) continue;
      for (const sample of samples) this.note(event, sample);
      const series = this.byEvent.get(event);
      if (series !== undefined) series.msMax = Math.max(series.msMax, msMax);
    }
  }

  forget(): void {
    // What took long took long, whoever ran it.
  }
}
