package sheepdog.collie;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Clock;
import java.time.Instant;
import sheepdog.collie.cli.CommandException;
import sheepdog.collie.command.Handler;

@AnalyzeClasses(packages = "sheepdog.collie", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule nothingButTheJdkPicocliAndTheProtocol = noClasses()
            .should()
            .dependOnClassesThat(DescribedPredicate.not(resideInAnyPackage(
                    "java..", "picocli..", "sheepdog.collie..", "sheepdog.commandline..", "sheepdog.protocol..")))
            .because("a command lives for a tenth of a second, most of which is loading classes");

    @ArchTest
    static final ArchRule noAnnotationsOfPicocli = noClasses()
            .should()
            .dependOnClassesThat()
            .haveNameMatching("picocli\\.CommandLine\\$(Command|Option|Parameters|Mixin|Spec)")
            .because("they are read by reflection, which takes its time");

    @ArchTest
    static final ArchRule onlyMainAsksTheMachine = noClasses()
            .that()
            .resideOutsideOfPackage("sheepdog.collie.main..")
            .should()
            .callMethod(System.class, "exit", int.class)
            .orShould()
            .callMethod(System.class, "getProperty", String.class)
            .orShould()
            .callMethod(System.class, "getProperty", String.class, String.class)
            .orShould()
            .callMethod(System.class, "getenv", String.class)
            .orShould()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.nio.file.Files")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.io\\.File.*")
            .because("tests run commands within their own process");

    @ArchTest
    static final ArchRule onlyTheClientSeesSockets = noClasses()
            .that()
            .resideOutsideOfPackage("sheepdog.collie.client..")
            .should()
            .dependOnClassesThat()
            .resideInAPackage("java.net..")
            .orShould()
            .dependOnClassesThat()
            .haveNameMatching("java\\.nio\\.channels\\.(Socket|Selector|Selection).*")
            .because("time limits and complaints about connections are the same for all commands");

    @ArchTest
    static final ArchRule standardStreamsAreTheConsoles = noClasses()
            .should()
            .accessField(System.class, "out")
            .orShould()
            .accessField(System.class, "err")
            .orShould()
            .accessField(System.class, "in")
            .because("when stdout is written is an interface");

    @ArchTest
    static final ArchRule timeIsGiven = noClasses()
            .should()
            .callMethod(Instant.class, "now")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(Clock.class, "systemDefaultZone")
            .because("output with times in it is compared byte for byte");

    @ArchTest
    static final ArchRule noFormatter = noClasses()
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.Formatter")
            .orShould()
            .callMethod(String.class, "format", String.class, Object[].class)
            .orShould()
            .callMethod(String.class, "formatted", Object[].class)
            .because("it rounds ties up where C rounds to even, and takes long to load");

    @ArchTest
    static final ArchRule thePartsThatAllShareKnowNoCommand = noClasses()
            .that()
            .resideInAnyPackage("sheepdog.collie.cli..", "sheepdog.collie.client..", "sheepdog.collie.command..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage(
                    "sheepdog.collie.main..",
                    "sheepdog.collie.vdi..",
                    "sheepdog.collie.node..",
                    "sheepdog.collie.cluster..")
            .because("the table of commands is joined in main");

    @ArchTest
    static final ArchRule textKnowsNoNetwork = noClasses()
            .that()
            .resideInAPackage("sheepdog.collie.cli..")
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("sheepdog.collie.client..", "sheepdog.collie.command..", "sheepdog.protocol..")
            .because("options, numbers and dates are the same whatever is asked");

    @ArchTest
    static final ArchRule handlersAreTheirFamilysOwn = classes()
            .that()
            .implement(Handler.class)
            .and()
            .resideOutsideOfPackage("sheepdog.collie.command..")
            .should()
            .notBePublic()
            .because("a family shows its table, nothing else");

    @ArchTest
    static final ArchRule oneExceptionEndsACommand = noClasses()
            .that()
            .resideOutsideOfPackages("sheepdog.collie.client..", "sheepdog.collie.cli..", "sheepdog.collie.main..")
            .should()
            .dependOnClassesThat()
            .areAssignableTo(java.io.IOException.class)
            .because(CommandException.class.getSimpleName() + " has the line and the status by then");

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("sheepdog.collie.(*)..").should().beFreeOfCycles();
}
