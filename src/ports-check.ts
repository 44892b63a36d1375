/** Whether ports are free: asked before threads start, since they share ports and would share another server's too. */
import { FAULT, faultFromListen } from './base/errors.ts';
import { listenTargetText, type UdpTarget } from './cli/listen-address.ts';
import { listenerIsThere, type TcpTarget } from './net/listener.ts';
import { udpPortCheck } from './net/udp-endpoint.ts';

/** Rejects with a FlagstoneError that names the first that is taken. */
export async function portsCheck(
  tcp: readonly Pick<TcpTarget, 'host' | 'port'>[],
  udp: readonly UdpTarget[],
): Promise<void> {
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
