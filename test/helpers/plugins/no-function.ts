export default 'no function'
