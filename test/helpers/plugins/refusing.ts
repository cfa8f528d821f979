export default async () => {
  throw new Error('no thanks')
}
