/**
 * Ports for servers that tests start: such as nobody else listens on, nor will.
 *
 *   10000 … 19999   ports, below those that the kernel gives to whoever asks for any
 *   20000 … 29999   their guards: a test process listens on the guard of each port it has taken
 *
 * Two servers of ours that start on one port at the same moment would share it, as their threads do. A guard is
 * shared by nobody, and goes with its process, however that ends.
 */
import { once } from 'node:events';
import { createServer } from 'node:net';

const HOST = '127.0.0.1';
const PORT_FIRST = 10_000;
const PORT_COUNT = 10_000;
const GUARD_DISTANCE = 10_000;

/** A port of this process alone from now on, free on all interfaces. */
export async function portFree(): Promise<number> {
  const start = Math.floor(Math.random() * PORT_COUNT);
  for (let step = 0; step < PORT_COUNT; step++) {
    const port = PORT_FIRST + ((start + step) % PORT_COUNT);
    if (!(await guardTake(port + GUARD_DISTANCE))) continue;
    if (await portIsFree(port)) return port;
  }
  throw new Error('every port is taken');
}

async function guardTake(guard: number): Promise<boolean> {
  const server = createServer((socket) => socket.destroy()).unref();
  try {
    await once(server.listen({ host: HOST, port: guard, exclusive: true }), 'listening');
    return true;
  } catch {
    return false;
  }
}

async function portIsFree(port: number): Promise<boolean> {
  const probe = createServer();
  try {
    await once(probe.listen({ port, exclusive: true }), 'listening');
  } catch {
    return false;
  }
  await new Promise<void>((resolve) => probe.close(() => resolve()));
  return true;
}
