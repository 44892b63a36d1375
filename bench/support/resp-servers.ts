/** The servers of the benches over RESP: ours, and redis-server. */

import type { Arguments } from './arguments.ts';
import { programFind } from './command.ts';
import type { ServerSpec } from './server.ts';

/** The flag that says which one to compare with. */
export const PEER_FLAG = {
  value: 'EXE',
  doc: "redis-server to compare with (default: the one on PATH), or 'none'",
} as const;

/** Ours without memcached's protocols, then the peer, if there is one and `--peer` does not refuse it. */
export function respSpecsRead(args: Arguments): readonly ServerSpec[] {
  const flags = '-p 0 --resp-port {port} -l 127.0.0.1 -U 0 -t {threads} -m {mem} -M'.split(' ');
  const command = [process.execPath, 'src/main.ts', ...flags];
  const specs: ServerSpec[] = [{ name: 'Flagstone', command }];
  const peer = args.text('peer');
  const program = peer === 'none' ? null : programFind(peer === '' ? 'redis-server' : peer);
  if (program === null) return specs;
  const peerFlags = '--port {port} --bind 127.0.0.1 --appendonly no --save'.split(' ');
  return [...specs, { name: 'redis-server', command: [program, ...peerFlags, ''] }];
}
