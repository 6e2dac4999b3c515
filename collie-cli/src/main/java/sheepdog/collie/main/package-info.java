/**
 * The program: {@link sheepdog.collie.main.Collie} joins the standard streams, the arguments as bytes and the clock;
 * {@link sheepdog.collie.main.Dispatch} finds the command in the model and has its line parsed;
 * {@link sheepdog.collie.main.Usage} is the help. The only package that asks for properties, the environment and files, and that ends the process.
 */
package sheepdog.collie.main;
