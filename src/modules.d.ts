// Markdown is imported as text: by esbuild's loader, by the Worker's module rules and by the test configuration.
declare module "*.md" {
  const text: string;
  export default text;
}
