package sheepdog.protocol;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import sheepdog.protocol.model.Outcome;
import sheepdog.protocol.wire.Request;
import sheepdog.protocol.wire.Response;

@AnalyzeClasses(packages = "sheepdog.protocol", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchRule nothingButTheJdk = noClasses()
            .that()
            .resideInAPackage("sheepdog.protocol..")
            .should()
            .dependOnClassesThat(com.tngtech.archunit.base.DescribedPredicate.not(
                    resideInAnyPackage("java..", "sheepdog.protocol..")))
            .because("clients, servers and tools share it, each with libraries of its own");

    @ArchTest
    static final ArchRule codecsArePure = noClasses()
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("java.io..", "java.nio.file..", "java.nio.channels..", "java.util.concurrent..")
            .because("bytes come from sockets, disks and tests alike");

    @ArchTest
    static final ArchRule messagesAreRecords = classes()
            .that(assignableTo(Request.class).or(assignableTo(Response.class)).or(assignableTo(Outcome.class)))
            .and()
            .areNotInterfaces()
            .should()
            .beRecords()
            .because("what crosses threads is immutable");

    @ArchTest
    static final ArchRule noTimeAndNoChance = noClasses()
            .should()
            .dependOnClassesThat()
            .haveFullyQualifiedName("java.util.Random")
            .orShould()
            .callMethod(System.class, "nanoTime")
            .orShould()
            .callMethod(System.class, "currentTimeMillis")
            .orShould()
            .callMethod(java.time.Instant.class, "now")
            .because("every node must come to the same answer, in simulated time too");

    @ArchTest
    static final ArchRule theModelKnowsNoBytesOnAWire = noClasses()
            .that(resideInAPackage("sheepdog.protocol.model.."))
            .should()
            .dependOnClassesThat()
            .resideInAnyPackage("sheepdog.protocol.wire..", "sheepdog.protocol.placement..", "sheepdog.protocol.vdi..")
            .because("values come first");

    @ArchTest
    static final ArchRule noCycles =
            slices().matching("sheepdog.protocol.(*)..").should().beFreeOfCycles();
}
