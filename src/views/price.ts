const EUROS = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR' });

export function price(cents: number): string {
  return EUROS.format(cents / 100);
}
