/**
 * Whether ports are free: asked before threads start, since they share ports and would share another server's too.
 *
 * Servers that start at the same moment would all find them free. So those that want the same port take turns: each
 * holds a name of it, in the abstract namespace of Unix sockets, from before it asks until it listens. The kernel
 * gives a name to one process at a time, within a network namespace like the ports themselves, and takes it back
 * when the process ends, however that comes.
 * Spec: unix(7), "abstract".
 */
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorSystemCode, FAULT, faultFromListen } from './base/errors.ts';
import { listenTargetText, type UdpTarget } from './cli/listen-address.ts';
import {
  listenerIsThere,
  listening,
  REUSE_PORT_IS_AVAILABLE,
  type TcpTarget,
} from './net/listener.ts';
import { udpPortCheck } from './net/udp-endpoint.ts';

type Target = Pick<TcpTarget, 'host' | 'port'>;

/** No server takes so long to start. */
const TURN_MS_MAX = 30_000;
const TURN_POLL_MS = 20;

/**
 * Runs `start` while no other server starts on these ports. Rejects with a FlagstoneError, without having run
 * it, that names the first that is taken.
 */
export async function portsTake<T>(
  tcp: readonly Target[],
  udp: readonly UdpTarget[],
  start: () => Promise<T>,
): Promise<T> {
  const names: Server[] = [];
  try {
    if (REUSE_PORT_IS_AVAILABLE) {
      for (const target of inTurnOf([...tcp, ...udp])) names.push(await nameTake(target));
    }
    await portsCheck(tcp, udp);
    return await start();
  } finally {
    for (const name of names) name.close();
  }
}

/** One for each port, in an order that is the same for all servers, so that none waits in a circle. */
function inTurnOf(targets: readonly Target[]): readonly Target[] {
  const byPort = new Map(targets.map((target) => [target.port, target]));
  byPort.delete(0); // the kernel chooses one that is free
  return [...byPort.values()].sort((a, b) => a.port - b.port);
}

async function nameTake(target: Target): Promise<Server> {
  const endMs = performance.now() + TURN_MS_MAX;
  for (;;) {
    const name = createServer((stranger) => stranger.destroy());
    try {
      await listening(name, { path: `\0flagstone starts on port ${target.port}` });
      return name;
    } catch (error) {
      if (errorSystemCode(error) !== 'EADDRINUSE' || performance.now() > endMs) {
        throw faultFromListen(error, listenTargetText(target));
      }
    }
    await sleep(TURN_POLL_MS);
  }
}

async function portsCheck(tcp: readonly Target[], udp: readonly UdpTarget[]): Promise<void> {
  for (const target of tcp) {
    if (await listenerIsThere(target)) throw FAULT.portInUse(listenTargetText(target));
  }
  for (const target of udp) {
    try {
      await udpPortCheck(target);
    } catch (error) {
      throw faultFromListen(error, `UDP ${listenTargetText(target)}`);
    }
  }
}
