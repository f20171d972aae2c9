import {
  Controller,
  Delete,
  Get,
  NotFoundException,
  NotImplementedException,
  Param,
  Post,
  UseGuards,
} from '@nestjs/common';
import { Session, SessionAuthGuard, SessionService, UnsupportedBySessionStoreError } from 'nest-sessions';
import type { ShopSession } from '../shop.session.js';
import type { Outcome } from '../views/page.js';
import { SeeOther, ShowPage } from '../views/page.decorator.js';
import { type Device, devicesPage } from './devices.page.js';

/** Each device that somebody is signed in on has a session of its own. */
@Controller('devices')
@UseGuards(SessionAuthGuard)
export class DevicesController {
  constructor(private readonly sessions: SessionService) {}

  @Get()
  @ShowPage(devicesPage)
  async list(@Session() session: Session<ShopSession>): Promise<Device[]> {
    const sessions = await this.sessions.list(session.userId!).catch(explain);
    return sessions.map(({ id, label, authenticatedAt, createdAt, lastSeenAt }) => ({
      id,
      label: label ?? 'Unknown device',
      signedInAt: new Date(authenticatedAt ?? createdAt),
      lastSeenAt: new Date(lastSeenAt),
      current: id === session.id,
    }));
  }

  /** Signs a device out: whatever it still sends from now on is a stranger's. */
  @Delete(':id')
  @SeeOther('/devices')
  async revoke(@Param('id') id: string, @Session() session: Session<ShopSession>): Promise<Outcome> {
    if (id === session.id) {
      session.logout();
      return { message: 'This device is signed out.' };
    }
    // With the user's id, nobody can end what is somebody else's.
    const revoked = await this.sessions.revoke(id, { userId: session.userId }).catch(explain);
    if (!revoked) throw new NotFoundException('You have no such device. It may be signed out already.');
    return { message: 'That device is signed out.' };
  }

  /** Signs all others out. */
  @Delete()
  @SeeOther('/devices')
  async revokeOthers(@Session() session: Session<ShopSession>): Promise<Outcome> {
    const count = await this.sessions.revokeAll(session.userId!, { except: session.id }).catch(explain);
    return { message: `${count} ${count === 1 ? 'other device is' : 'other devices are'} signed out.` };
  }

  // The same two for forms, which know no DELETE.

  @Post(':id/revoke')
  @SeeOther('/devices')
  revokeByForm(@Param('id') id: string, @Session() session: Session<ShopSession>): Promise<Outcome> {
    return this.revoke(id, session);
  }

  @Post('revoke-others')
  @SeeOther('/devices')
  revokeOthersByForm(@Session() session: Session<ShopSession>): Promise<Outcome> {
    return this.revokeOthers(session);
  }
}

/** Memcached, say, cannot be asked for the sessions of a user. */
function explain(error: unknown): never {
  if (!(error instanceof UnsupportedBySessionStoreError)) throw error;
  throw new NotImplementedException('The shop keeps its sessions where they cannot be listed by user.', {
    cause: error,
  });
}
