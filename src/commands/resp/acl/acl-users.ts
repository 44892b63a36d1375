/**
 * All users, as each thread has them. They are equal on all threads: who changes them holds their lock,
 * has heard of all changes before, and tells of his own before he lets go of it (acl-change.ts). So the
 * changes have one order, and the next command on any thread comes after them.
 *
 * A user's object lives as long as he does: sessions keep it, and find it changed.
 *
 * Guard: none; it belongs to its thread.
 */
import { assert } from '../../../base/assert.ts';
import type { CommandTable } from '../command-lookup.ts';
import {
  AclUser,
  type RuleContext,
  USER_DEFAULT,
  type UserImage,
  userBecome,
  userImage,
  userPlan,
} from './acl-user.ts';

const EVERYTHING = ['reset', 'on', 'nopass', '~*', '&*', '+@all'];

export class AclUsers {
  private readonly table: CommandTable;
  private readonly byName = new Map<string, AclUser>();
  /** The one that every connection starts with. */
  readonly default: AclUser;

  constructor(table: CommandTable) {
    this.table = table;
    const context: RuleContext = { table, allChannels: false };
    this.default = new AclUser(USER_DEFAULT, context);
    this.byName.set(USER_DEFAULT, this.default);
    this.defaultReset();
  }

  /** Has default be what he is unless somebody says otherwise. */
  defaultReset(): void {
    this.put(everybody(this.table));
  }

  /** Everybody is logged in as default. */
  get isOpen(): boolean {
    return this.default.isOn && this.default.needsNoPassword;
  }

  find(name: string): AclUser | null {
    return this.byName.get(name) ?? null;
  }

  /** One who is not there, and may do nothing. */
  stranger(name: string): AclUser {
    return new AclUser(name, { table: this.table, allChannels: false });
  }

  /** In the order of their names' bytes. */
  all(): readonly AclUser[] {
    return [...this.byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  images(): readonly UserImage[] {
    return this.all().map(userImage);
  }

  /** Makes or changes a user. */
  put(image: UserImage): AclUser {
    const { table } = this;
    let user = this.find(image.name);
    if (user === null) {
      user = new AclUser(image.name, { table, allChannels: false });
      this.byName.set(image.name, user);
    }
    userBecome(table, user, image);
    return user;
  }

  /** Returns who it was, or null. */
  remove(name: string): AclUser | null {
    const user = this.find(name);
    if (user !== null) this.byName.delete(name);
    return user;
  }
}

/** The image of default who may do everything. */
export function everybody(table: CommandTable): UserImage {
  const image = userPlan({ table, allChannels: false }, USER_DEFAULT, null, EVERYTHING);
  assert(typeof image !== 'string', 'these rules are right');
  return image;
}
