// Style sheets of the control side come as text and are adopted when it is first opened (adopt.ts).
declare module "*.css" {
  const text: string;
  export default text;
}
