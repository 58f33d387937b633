import type { BrowserContextOptions, CDPSession, Page } from '@playwright/test';
import { JANA, MIA, signIn, test } from '../support/demo.ts';
import { expect, expectAccessible, hydrated } from '../support/fixtures.ts';
import { conversation, live, newTicket, property, replyField } from '../support/tickets.ts';

const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/** Fails when something reaches past the screen's edges, but for what can be scrolled to. */
async function expectNothingWider(page: Page): Promise<void> {
  const wider = await page.evaluate(() => {
    const cut = (element: Element): boolean => {
      const parent = element.parentElement;
      if (!parent) return false;
      return getComputedStyle(parent).overflowX !== 'visible' || cut(parent);
    };
    return [...document.body.querySelectorAll('*')]
      .filter((element) => {
        const { right, left, width, height } = element.getBoundingClientRect();
        return width > 0 && height > 0 && (right > innerWidth + 0.5 || left < -0.5) && element.checkVisibility() && !cut(element);
      })
      .map((element) => element.outerHTML.slice(0, 120));
  });
  expect(wider).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
}

test('from the list to the ticket, its properties, and an answer', async ({ openPage }) => {
  const page = await openPage(PHONE);
  await signIn(page, MIA);
  const subject = 'Ein Etikettendrucker, der seit der Donaudampfschifffahrtsgesellschaftsumstellung nichts mehr druckt';
  const id = await newTicket(page, { subject, body: `https://acme.example/${'very-long-address/'.repeat(12)}` });
  await live(page, '/tickets?sort=created');
  await expectNothingWider(page);
  await expect(conversation(page)).toBeHidden();
  await page.getByRole('link', { name: subject }).tap();
  await expect(page).toHaveURL(`/tickets/${id}?sort=created`);
  await expect(page.getByRole('heading', { name: subject })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Back to the list' })).toBeVisible();
  await expectNothingWider(page);
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Properties', exact: true }).tap();
  await property(page, 'Urgency').tap();
  await page.getByRole('menuitemradio', { name: 'High' }).tap();
  await expect(property(page, 'Urgency')).toContainText('High');
  await property(page, 'Assignee').tap();
  await page.getByRole('option', { name: 'Mia Berger' }).tap();
  await expect(property(page, 'Assignee')).toContainText('Mia Berger');
  await expectNothingWider(page);
  await page.getByRole('button', { name: 'Close', exact: true }).tap();
  await expect(property(page, 'Urgency')).toBeHidden();

  await replyField(page).tap();
  await replyField(page).fill('Bitte einmal neu starten.');
  await page.getByRole('button', { name: 'Send', exact: false }).last().tap();
  await expect(conversation(page).getByText('Bitte einmal neu starten.')).toBeVisible();
  await expectNothingWider(page);
  await page.getByRole('link', { name: 'Back to the list' }).tap();
  await expect(page).toHaveURL('/tickets?sort=created');
  await expect(page.getByRole('link', { name: subject })).toBeVisible();
});

test('no page of staff or customers is wider than the screen', async ({ openPage }) => {
  const staff = await openPage(PHONE);
  await signIn(staff, MIA);
  await newTicket(staff);
  for (const address of ['/tickets', '/board', '/board?lanes=urgency', '/new', '/search?q=printer', '/me']) {
    await staff.goto(address);
    await hydrated(staff);
    await expectNothingWider(staff);
  }
  const customer = await openPage(PHONE);
  await signIn(customer, JANA);
  for (const address of ['/portal', '/portal/new', '/portal/me']) {
    await customer.goto(address);
    await hydrated(customer);
    await expectNothingWider(customer);
  }
  await customer.goto('/portal');
  await customer.getByRole('main').getByRole('listitem').first().getByRole('link').tap();
  await expect(conversation(customer)).toBeVisible();
  await expectNothingWider(customer);
});

/** One finger on the screen. */
class Finger {
  private constructor(private readonly session: CDPSession) {}

  static async of(page: Page): Promise<Finger> {
    return new Finger(await page.context().newCDPSession(page));
  }

  private async do(type: 'touchStart' | 'touchMove' | 'touchEnd', at?: { x: number; y: number }): Promise<void> {
    await this.session.send('Input.dispatchTouchEvent', { type, touchPoints: at ? [at] : [] });
  }

  down = (x: number, y: number) => this.do('touchStart', { x, y });
  move = (x: number, y: number) => this.do('touchMove', { x, y });
  up = () => this.do('touchEnd');
}

test('a card moves by touch, for everybody', async ({ openPage }) => {
  const page = await openPage(PHONE);
  await signIn(page, MIA);
  const id = await newTicket(page, { subject: 'To be moved by a finger' });
  const other = await openPage();
  await signIn(other, MIA);
  await live(other, '/board');
  await live(page, '/board');
  const column = (page: Page, name: string) => page.getByRole('list', { name, exact: true });
  const card = page.locator(`#card-${id}`);
  await card.scrollIntoViewIfNeeded();
  const from = await card.boundingBox();
  if (!from) throw new Error('the card has a place');
  const y = from.y + from.height / 2;
  const finger = await Finger.of(page);
  await finger.down(from.x + 60, y);
  // Resting on it lifts it.
  await expect(page.locator('.board [aria-live=assertive]')).toContainText('Lifted');
  // At the edge the board moves on under the card, also when the finger rests.
  const target = column(page, 'In progress');
  const left = async () => (await target.boundingBox())?.x ?? Infinity;
  await finger.move(370, y);
  await expect.poll(left, { intervals: [20] }).toBeLessThan(200);
  await finger.move(200, y);
  const box = await target.boundingBox();
  await finger.move((box?.x ?? 0) + 50, (box?.y ?? 0) + 6);
  await finger.move((box?.x ?? 0) + 52, (box?.y ?? 0) + 8);
  await finger.up();
  await expect(target.locator(`#card-${id}`)).toBeVisible();
  await expect(column(other, 'In progress').locator(`#card-${id}`)).toBeVisible();
  await page.reload();
  await expect(column(page, 'In progress').locator(`#card-${id}`)).toBeAttached();
});

for (const width of [360, 390]) {
  test(`all that is done with what is written is at hand, ${width} pixels wide`, async ({ openPage }) => {
    const page = await openPage({ ...PHONE, viewport: { width, height: 740 } });
    await signIn(page, MIA);
    const id = await newTicket(page);
    await live(page, `/tickets/${id}`);
    await replyField(page).tap();
    const form = page.getByRole('form', { name: 'Write on this ticket' });
    for (const mode of ['Reply', 'Note']) {
      await form.getByRole('tab', { name: mode }).tap();
      const buttons = form.getByRole('button').filter({ visible: true });
      const names = ['Bold', 'Italic', 'List', 'Link', 'Quote', 'Code', 'Attach files', 'Preview', /and set status/, /^(Send|Add note)( Ctrl.*)?$/];
      await expect(buttons).toHaveCount(names.length);
      for (const name of names) {
        const button = form.getByRole('button', { name });
        await expect(button).toBeInViewport({ ratio: 1 });
        const box = await button.boundingBox();
        expect(Math.min(box?.width ?? 0, box?.height ?? 0), String(name)).toBeGreaterThanOrEqual(44);
      }
      const wide = await form.evaluate((form) => [...form.querySelectorAll('*')].filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === 'auto').length);
      expect(wide).toBe(0);
      await expectAccessible(page);
    }
  });
}
