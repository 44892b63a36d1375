/**
 * A turn for a thread's RESP connections while it cannot go back to its event loop, since a script runs too long, or
 * something waits for one that does on another thread.
 *
 * Their sockets are read by hand, and their requests run with a call, a parser and buffers of their own, in the middle
 * of the request in hand. Nothing of what those run needs a lock: nearly all of it is refused. Wires that
 * cannot be read by hand have to wait; clients who come anew take a detour (detour.ts).
 *
 * Guard: its thread.
 */
import { asideCallCreate, asideCallRenew } from '../commands/resp/aside-call.ts';
import type { Detour } from './detour.ts';
import { RespConnection } from './resp-connection.ts';
import { RespContext } from './resp-context.ts';
import { IoBuffers } from './wire.ts';

export class AsideTurn {
  private readonly main: RespContext;
  /** Made when there is need for it. */
  private aside: RespContext | null = null;
  private isRunning = false;
  /** By which new clients come, once there was need for it. */
  detour: Detour | null = null;

  constructor(main: RespContext) {
    this.main = main;
  }

  /** Serves every connection but the one whose request is in hand. */
  run(): void {
    if (this.isRunning) return;
    this.isRunning = true;
    const { call, open } = this.main;
    this.detour?.pump();
    this.aside ??= new RespContext(asideCallCreate(call), new IoBuffers(), open);
    asideCallRenew(this.aside.call, call);
    for (const connection of open) {
      if (connection instanceof RespConnection && connection.session !== call.running) {
        connection.asideRun(this.aside);
      }
    }
    this.isRunning = false;
  }
}
