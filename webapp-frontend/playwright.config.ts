import { defineConfig } from '@playwright/test'

export default defineConfig({
  testDir: 'e2e',
  // The tests change the one running app: which model is active, and thresholds.
  workers: 1,
  timeout: 60_000,
  expect: { timeout: 20_000 },
  // A shared machine stalls for seconds now and then; what passes at the second try is listed as flaky.
  retries: 1,
  forbidOnly: Boolean(process.env.CI),
  use: {
    baseURL: process.env.BASE_URL ?? 'http://127.0.0.1:8000',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
})
