/** What the tests use of node-redis 3, which has no types of its own. */
declare module 'redis-legacy' {
  interface LegacyClient {
    on(event: 'message', listener: (channel: string, message: string) => void): void;
    subscribe(channel: string, done: (error: Error | null) => void): void;
    publish(channel: string, message: string): void;
    end(flush: boolean): void;
  }
  export function createClient(options: { host: string; port: number }): LegacyClient;
}
