/** Who monitors: see monitor.ts. */
import type { Account } from './bulletin.ts';
import type { RespSession } from './session.ts';

/** This thread's own monitors, and how many the others have. */
export class Monitors implements Account {
  readonly own = new Set<RespSession>();
  private readonly others = new Map<number, number>();

  get areThere(): boolean {
    return this.own.size > 0 || this.areElsewhere;
  }

  get areElsewhere(): boolean {
    return [...this.others.values()].some((count) => count > 0);
  }

  tell(): number {
    return this.own.size;
  }

  hear(thread: number, told: unknown): void {
    this.others.set(thread, Number(told));
  }

  forget(thread: number): void {
    this.others.delete(thread);
  }
}
