/** Stands in for the server in the background: `node daemon-program.ts ready|fault|exit|signal|nobody`. */
import { FAULT } from '../../src/base/errors.ts';
import { daemonFailed, daemonIsChild, daemonReady } from '../../src/cli/daemon.ts';
import { userAssume } from '../../src/cli/user.ts';

// Lives until it is told to end, but never for long should a test forget to.
const LIFE_MS_MAX = 20_000;

switch (daemonIsChild() ? process.argv[2] : 'exit') {
  case 'ready':
    setTimeout(() => process.exit(0), LIFE_MS_MAX);
    await daemonReady();
    break;
  case 'nobody':
    userAssume('nobody');
    if (process.getuid?.() === 0 || process.getgroups?.().includes(0)) process.exit(4);
    setTimeout(() => process.exit(0), LIFE_MS_MAX);
    await daemonReady();
    break;
  case 'fault': {
    const fault = FAULT.portInUse('port 1');
    await daemonFailed(fault);
    process.exit(fault.exitCode);
    break;
  }
  case 'signal':
    process.kill(process.pid, 'SIGKILL');
    break;
  default:
    process.exit(3);
}
