import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  base: '/',
  build: {
    // Phones in the field are old: nothing newer than what MapLibre's own module worker needs.
    target: ['es2022', 'safari15', 'firefox114', 'chrome100'],
    assetsDir: 'assets',
    // Nothing is inlined: the page's Content-Security-Policy then needs data: for images alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 1500,
    reportCompressedSize: false,
    emptyOutDir: true,
  },
  server: {
    // `npm run dev` beside a kit that serves on its usual address.
    proxy: {
      '/api': { target: 'http://127.0.0.1:8080', ws: true },
      '/maps': 'http://127.0.0.1:8080',
      '/objects': 'http://127.0.0.1:8080',
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
    passWithNoTests: false,
  },
});
