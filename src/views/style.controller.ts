import { readFileSync } from 'node:fs';
import { Controller, Get, Header } from '@nestjs/common';
import { SkipSession } from 'nest-sessions';

// Read where it was written: the compiler copies no CSS. From src/views and from dist/views this is the same file.
const CSS = readFileSync(new URL('../../src/views/shop.css', import.meta.url), 'utf8');

@Controller()
export class StyleController {
  /** The same for everybody, so no session is loaded for it. */
  @Get('shop.css')
  @SkipSession()
  @Header('Content-Type', 'text/css; charset=utf-8')
  @Header('Cache-Control', 'no-cache')
  css(): string {
    return CSS;
  }
}
