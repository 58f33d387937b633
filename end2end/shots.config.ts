import { defineConfig } from '@playwright/test';
import journeys from './playwright.config.ts';

/** `cargo xtask shots`: the screens are photographed by the machinery of the journeys. */
export default defineConfig(journeys, {
  testDir: 'shots',
  testMatch: 'screens.ts',
  workers: 2,
  timeout: 300_000,
  reporter: './shots/table.ts',
  use: { actionTimeout: 10_000, navigationTimeout: 30_000, trace: 'off', screenshot: 'off' },
});
