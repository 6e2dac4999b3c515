/**
 * The program: {@link sheepdog.collie.main.Collie} joins the standard streams, the arguments as bytes and the clock;
 * {@link sheepdog.collie.main.Dispatch} finds the command and parses its line; {@link sheepdog.collie.main.Help} prints
 * what there is. The only package that asks for properties, the environment and files, and that ends the process.
 */
package sheepdog.collie.main;
