/** What the server tells of itself, asked for over its admin port. */
import type { Agent } from 'node:http';
import type {
  ConsoleConnections,
  ConsoleHistory,
  ConsoleHotKeys,
  ConsoleOutcome,
  ConsoleSlowLog,
  ConsoleState,
} from '../../admin/console-state.ts';
import { FAULT } from '../../base/errors.ts';
import { type AdminAddress, adminAgent, adminPage } from '../admin-client.ts';
import { pastAdd, type Told, type ViewName } from './model.ts';

const SAMPLE_SEC = 5;
/** Whoever watches wants to know soon that nothing comes. */
const ANSWER_MS_MAX = 3000;

export class Feed {
  private readonly address: AdminAddress;
  private readonly agent: Agent;

  constructor(address: AdminAddress) {
    this.address = address;
    this.agent = adminAgent(address);
  }

  /** `told`, with what the server says now: of itself, and what the view shows. Errors: FlagstoneError. */
  async look(told: Told, view: ViewName): Promise<Told> {
    const [state, more, earlier] = await Promise.all([
      this.page<ConsoleState>('/console/state'),
      this.viewLook(view),
      told.state === null ? this.page<ConsoleHistory>('/console/history') : null,
    ]);
    const past = [...(earlier?.series ?? []), ...told.past];
    return {
      ...told,
      ...more,
      state,
      past: pastAdd(past, state.series),
      answeredAtMs: Date.now(),
      problem: null,
    };
  }

  /** Has hot keys sampled. */
  async sample(): Promise<void> {
    await this.page<ConsoleOutcome>('/console/hotkeys', JSON.stringify({ seconds: SAMPLE_SEC }));
  }

  close(): void {
    this.agent.destroy();
  }

  private async viewLook(view: ViewName): Promise<Partial<Told>> {
    switch (view) {
      case 'clients':
        return { connections: await this.page<ConsoleConnections>('/console/connections') };
      case 'slowlog':
        return { slowLog: await this.page<ConsoleSlowLog>('/console/slowlog') };
      case 'hotkeys':
        return { hotKeys: await this.page<ConsoleHotKeys>('/console/hotkeys') };
      default:
        return {};
    }
  }

  private async page<Answer>(path: string, body?: string): Promise<Answer> {
    const { address, agent } = this;
    const text = await adminPage(address, path, {
      agent,
      answerMsMax: ANSWER_MS_MAX,
      ...(body === undefined ? {} : { body }),
    });
    try {
      // console-state.ts says what it is.
      return JSON.parse(text) as Answer;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw FAULT.adminUnreachable(address.url.host, `${path} is not what Flagstone answers`);
    }
  }
}
