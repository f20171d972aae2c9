import assert from 'node:assert/strict';
import {
  BadRequestException,
  ConflictException,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  type PipeTransform,
  Redirect,
} from '@nestjs/common';
import { MemorySessionStore, Session, SessionModule } from 'nest-sessions';
import { from } from 'rxjs';
import { Browser } from '../browser.js';
import type { Surface } from '../surface.js';

type Visits = { visits: number };

@Injectable()
class NumberPipe implements PipeTransform {
  transform(value: unknown): number {
    if (value === undefined) throw new BadRequestException('no visits');
    return Number(value);
  }
}

@Controller()
class HandlersController {
  @Get('object')
  object(@Session() session: Session<Visits>) {
    return { visits: count(session) };
  }

  @Get('observable')
  observable(@Session() session: Session<Visits>) {
    return from([0, count(session)]);
  }

  @Get('redirect')
  @Redirect('/object', 303)
  redirect(@Session() session: Session<Visits>) {
    count(session);
  }

  @Get('nothing')
  @HttpCode(204)
  nothing(@Session() session: Session<Visits>) {
    count(session);
  }

  @Get('unchanged')
  @HttpCode(304)
  unchanged(@Session() session: Session<Visits>) {
    count(session);
  }

  @Get('conflict')
  conflict(@Session() session: Session<Visits>) {
    count(session);
    throw new ConflictException();
  }

  @Get('failure')
  failure(@Session() session: Session<Visits>) {
    count(session);
    throw new Error('as intended');
  }

  @Get('pipes/:id')
  pipes(@Session() session: Session<Visits>, @Param('id', ParseIntPipe) _id: number) {
    count(session);
  }

  @Get('field')
  field(@Session('visits', NumberPipe) visits: number) {
    return { visits };
  }
}

function count(session: Session<Visits>): number {
  const visits = (session.get('visits') ?? 0) + 1;
  session.set('visits', visits);
  return visits;
}

@Module({ imports: [SessionModule.forRoot(new MemorySessionStore())], controllers: [HandlersController] })
class HandlersModule {}

const STATUSES: Record<string, [status: number, saved: boolean]> = {
  '/object': [200, true],
  '/observable': [200, true],
  '/redirect': [303, true],
  '/nothing': [204, true],
  '/unchanged': [304, true],
  '/conflict': [409, true],
  '/pipes/1': [200, true],
  '/pipes/one': [400, false],
  '/failure': [500, false],
  '/field': [400, false],
  '/unknown': [404, false],
};

export const surface: Surface = {
  name: 'returned values, redirects, exceptions',
  module: () => HandlersModule,
  async drive(url) {
    for (const [path, [status, saved]] of Object.entries(STATUSES)) {
      const browser = new Browser(url);
      assert.equal((await browser.get(path)).status, status, path);
      assert.equal(browser.jar.size, saved ? 1 : 0, `a cookie from ${path}`);
      assert.deepEqual(await (await browser.get('/object')).json(), { visits: saved ? 2 : 1 }, path);
    }
    const browser = new Browser(url);
    assert.equal((await browser.send('HEAD', '/object')).status, 200);
    assert.deepEqual(await (await browser.get('/field')).json(), { visits: 1 });
  },
};
