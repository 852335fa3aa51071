// A drawing imported here is the address it was built to.
declare module "*.png" {
  const address: string;
  export default address;
}
