/** The pages, as the navigation names them. `private` ones are for those who are signed in. */
export const PAGES = [
  { path: '/', name: 'Shop', private: false },
  { path: '/cart', name: 'Cart', private: false },
  { path: '/devices', name: 'Your devices', private: true },
  { path: '/profile', name: 'Profile', private: true },
] as const;

export function isPage(path: unknown): path is string {
  return PAGES.some((page) => page.path === path);
}
