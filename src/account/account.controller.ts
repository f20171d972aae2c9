import { Body, Controller, Get, Headers, Post, UseGuards } from '@nestjs/common';
import { Session, SessionAuthGuard } from 'nest-sessions';
import type { ShopSession } from '../shop.session.js';
import { SeeOther, ShowPage } from '../views/page.decorator.js';
import { deviceLabel } from './device-label.js';
import { type Profile, profilePage } from './profile.page.js';
import { DEMO_USERS, signInPage } from './sign-in.page.js';
import { type SignIn, SignInPipe } from './sign-in.pipe.js';

@Controller()
export class AccountController {
  @Get('login')
  @ShowPage(signInPage)
  signIn(): { users: readonly string[] } {
    return { users: DEMO_USERS };
  }

  /** A real shop would check a password here; what comes after would be the same. */
  @Post('login')
  @SeeOther('/')
  login(
    @Body(SignInPipe) { user, remember }: SignIn,
    @Headers('user-agent') userAgent: string | undefined,
    @Session() session: Session<ShopSession>,
  ): { message: string; user: string; device: string } {
    const device = deviceLabel(userAgent);
    session.login(user, { label: device, remember });
    return { message: `Welcome, ${user}.`, user, device };
  }

  @Post('logout')
  @SeeOther('/')
  logout(@Session() session: Session<ShopSession>): { message: string } {
    session.logout();
    return { message: 'You are signed out.' };
  }

  @Get('profile')
  @UseGuards(SessionAuthGuard)
  @ShowPage(profilePage)
  profile(@Session() session: Session<ShopSession>): Profile {
    // The guard let nobody in without these three.
    const { id, userId, authenticatedAt, expiresAt } = session;
    return {
      user: userId!,
      session: id,
      signedInAt: new Date(authenticatedAt!),
      expiresAt: new Date(expiresAt!),
    };
  }
}
