/**
 * Puts a sheep together: {@link sheepdog.sheep.main.Wiring} the parts that decide, which the simulator runs too;
 * {@link sheepdog.sheep.main.OperationTable} what can be asked. The only package that knows all others.
 */
package sheepdog.sheep.main;
