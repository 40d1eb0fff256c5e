// Runs a declarative Jenkinsfile in this folder, as far as a pipeline goes without a Jenkins: its sections, directives and
// steps must be of the names, places and types that Jenkins documents, and what sh calls is started. Says the result and
// more of each file as JSON.
import groovy.io.FileType
import groovy.json.JsonOutput
import java.nio.file.FileSystems
import java.util.concurrent.TimeUnit

class Refused extends RuntimeException {
	Refused(String message) { super(message) }
}

class StepFailed extends RuntimeException {
	StepFailed(String message) { super(message) }
}

class Build {
	static final List<String> ORDER = ['SUCCESS', 'UNSTABLE', 'FAILURE']
	String result = 'SUCCESS'
	List<String> said = []
	List<String> stages = []
	List<String> archived = []
	Map<String, String> environment = [:]
	Map tests = null
	void worsen(String to) { if (ORDER.indexOf(to) > ORDER.indexOf(result)) result = to }
}

/** Named arguments that are known, with their types. */
class Named {
	static void check(String step, Map given, Map<String, Class> known, List<String> required = []) {
		given.each { name, value ->
			if (!known.containsKey(name)) throw new Refused("${step} has no parameter ${name}")
			def plain = value instanceof GString ? value.toString() : value
			if (!known[name].isInstance(plain)) throw new Refused("${step}: ${name} is not a ${known[name].simpleName}")
		}
		required.each { if (!given.containsKey(it)) throw new Refused("${step} needs ${it}") }
	}
}

/** What may stand in a block: a word that is not a method or a property here is refused. */
abstract class Block {
	Build build
	List<String> seen = []
	void enter(Closure body) {
		body.delegate = this
		body.resolveStrategy = Closure.DELEGATE_ONLY
		body.call()
	}
	void once(String name) {
		if (seen.contains(name)) throw new Refused("${name} stands twice")
		seen << name
	}
	/** Go through the block of this name with what may stand in it. */
	def within(String name, Block block, Closure body) {
		once(name)
		block.build = build
		block.enter(body)
		block
	}
}

class Steps extends Block {
	static final List<String> SHELL = ['/bin/sh', '-xe', '-c']
	Map getEnv() { [WORKSPACE: new File('.').canonicalPath] + build.environment }
	void script(Closure body) { enter(body) }
	void echo(String text) { build.said << text }
	void error(String text) { throw new StepFailed(text) }
	void unstable(String text) {
		build.said << text
		build.worsen('UNSTABLE')
	}
	def sh(String script) { sh(script: script) }
	def sh(Map given) {
		Named.check('sh', given,
			[script: String, returnStatus: Boolean, returnStdout: Boolean, label: String, encoding: String], ['script'])
		def starting = new ProcessBuilder(SHELL + given.script.toString()).redirectErrorStream(true)
		build.environment.each { name, value -> starting.environment().put(name, value) }
		def process = starting.start()
		process.inputStream.eachLine { System.err.println(it) }
		int code = process.waitFor()
		if (given.returnStatus) return code
		if (code != 0) throw new StepFailed("script returned exit code ${code}")
		return null
	}
	void junit(String files) { junit(testResults: files) }
	void junit(Map given) {
		Named.check('junit', given, [testResults: String, allowEmptyResults: Boolean, skipMarkingBuildUnstable: Boolean,
			skipPublishingChecks: Boolean, keepLongStdio: Boolean, healthScaleFactor: Number], ['testResults'])
		def file = new File(given.testResults.toString())
		if (!file.exists()) {
			if (!given.allowEmptyResults) throw new StepFailed('no test report files were found')
			return
		}
		def cases = new XmlSlurper().parse(file).depthFirst().findAll { it.name() == 'testcase' }
		int bad = cases.count { it.failure.size() + it.error.size() > 0 }
		build.tests = [all: cases.size(), bad: bad]
		if (bad > 0 && !given.skipMarkingBuildUnstable) build.worsen('UNSTABLE')
	}
	void archiveArtifacts(Map given) {
		Named.check('archiveArtifacts', given, [artifacts: String, allowEmptyArchive: Boolean, excludes: String,
			fingerprint: Boolean, onlyIfSuccessful: Boolean], ['artifacts'])
		def here = new File('.').canonicalFile.toPath()
		def matcher = FileSystems.default.getPathMatcher("glob:${given.artifacts}")
		def found = []
		new File('.').canonicalFile.eachFileRecurse(FileType.FILES) {
			def path = here.relativize(it.toPath())
			if (matcher.matches(path)) found << path.toString()
		}
		if (found.isEmpty() && !given.allowEmptyArchive) throw new StepFailed('no artifacts found that match')
		build.archived.addAll(found.sort())
	}
}

class Agent extends Block {
	void label(String text) { once('label') }
}

class Triggers extends Block {
	static final String FIELD = /(\*|H(\(\d+-\d+\))?|\d+(-\d+)?)(\/\d+)?(,(\d+(-\d+)?))*/
	void cron(String text) {
		once('cron')
		def fields = text.trim().split(/\s+/)
		if (fields.size() != 5 || !fields.every { it ==~ FIELD }) throw new Refused("not a cron line: ${text}")
	}
}

class Options extends Block {
	void disableConcurrentBuilds(Map given = [:]) {
		once('disableConcurrentBuilds')
		Named.check('disableConcurrentBuilds', given, [abortPrevious: Boolean])
	}
	void timeout(Map given) {
		once('timeout')
		Named.check('timeout', given, [time: Integer, unit: String, activity: Boolean], ['time'])
		def isUnit = given.unit == null || TimeUnit.values()*.name().contains(given.unit)
		if (!isUnit) throw new Refused("not a unit: ${given.unit}")
	}
	Map logRotator(Map given) {
		Named.check('logRotator', given, [daysToKeepStr: String, numToKeepStr: String])
		given
	}
	void buildDiscarder(Map strategy) { once('buildDiscarder') }
}

class Environment extends Block {
	Map getEnv() { [WORKSPACE: new File('.').canonicalPath] + build.environment }
	void setProperty(String name, Object value) {
		if (name in ['build', 'seen']) metaClass.setProperty(this, name, value)
		else {
			once(name)
			build.environment[name] = value.toString()
		}
	}
}

class Stage extends Block {
	Closure steps
	void steps(Closure body) {
		once('steps')
		steps = body
	}
}

class Stages extends Block {
	Map<String, Closure> all = [:]
	void stage(String name, Closure body) {
		def one = within(name, new Stage(), body)
		if (one.steps == null) throw new Refused("stage ${name} has no steps")
		all[name] = one.steps
	}
}

class Post extends Block {
	Map<String, Closure> all = [:]
	void condition(String name, Closure body) {
		once(name)
		all[name] = body
	}
	void always(Closure body) { condition('always', body) }
	void success(Closure body) { condition('success', body) }
	void unstable(Closure body) { condition('unstable', body) }
	void failure(Closure body) { condition('failure', body) }
	void cleanup(Closure body) { condition('cleanup', body) }
}

class Sections extends Block {
	Stages stages
	Post post
	void agent(Closure body) { within('agent', new Agent(), body) }
	void triggers(Closure body) { within('triggers', new Triggers(), body) }
	void options(Closure body) { within('options', new Options(), body) }
	void environment(Closure body) { within('environment', new Environment(), body) }
	void stages(Closure body) { stages = within('stages', new Stages(), body) }
	void post(Closure body) { post = within('post', new Post(), body) }
}

abstract class PipelineScript extends Script {
	Build build = new Build()
	void pipeline(Closure body) {
		def sections = new Sections(build: build)
		sections.enter(body)
		def missing = ['agent', 'stages'].find { !sections.seen.contains(it) }
		if (missing) throw new Refused("the pipeline has no ${missing}")
		def guarded = { Closure steps ->
			try {
				new Steps(build: build).enter(steps)
				return true
			} catch (StepFailed failed) {
				build.said << failed.message
				build.worsen('FAILURE')
				return false
			}
		}
		for (stage in sections.stages.all) {
			build.stages << stage.key
			if (!guarded(stage.value)) break
		}
		sections.post?.all?.each { name, steps ->
			if (name in ['always', 'cleanup', build.result.toLowerCase()]) guarded(steps)
		}
	}
}

/** Blocks of a declarative pipeline are calls and assignments; code may stand in script alone, as Jenkins demands. */
void checkBlock(org.codehaus.groovy.ast.expr.ClosureExpression block, String name) {
	if (name == 'script') return
	((org.codehaus.groovy.ast.stmt.BlockStatement) block.code).statements.each { statement ->
		def isOf = { it?.class?.simpleName }
		def one = isOf(statement) == 'ExpressionStatement' ? statement.expression : null
		if (name == 'environment' && isOf(one) == 'BinaryExpression' && one.operation.text == '=') return
		def where = "line ${statement.lineNumber}"
		if (isOf(one) != 'MethodCallExpression') throw new Refused("${where}: ${name} has code that is no step")
		if (isOf(one.arguments) != 'ArgumentListExpression') return
		def blocks = one.arguments.expressions.findAll { isOf(it) == 'ClosureExpression' }
		blocks.each { checkBlock(it, one.methodAsString) }
	}
}

Map outcomeOf(File file) {
	def unit = new org.codehaus.groovy.control.CompilationUnit()
	unit.addSource('Jenkinsfile', file.text)
	unit.compile(org.codehaus.groovy.control.Phases.CONVERSION)
	def statements = unit.AST.modules[0].statementBlock.statements
	def isOne = statements.size() == 1 && statements[0].expression.methodAsString == 'pipeline'
	if (!isOne) throw new Refused('the file is not one pipeline')
	checkBlock(statements[0].expression.arguments.expressions[0], 'pipeline')
	def settings = new org.codehaus.groovy.control.CompilerConfiguration(scriptBaseClass: 'PipelineScript')
	def script = new GroovyShell(this.class.classLoader, new Binding(), settings).parse(file.text, 'Jenkinsfile')
	script.run()
	def build = script.build
	[result: build.result, said: build.said, tests: build.tests, archived: build.archived]
}

// A line for each file.
args.each { name ->
	try {
		println JsonOutput.toJson(outcomeOf(new File(name)))
	} catch (Refused | MissingMethodException | MissingPropertyException refused) {
		println JsonOutput.toJson([refused: refused.message])
	} catch (org.codehaus.groovy.control.CompilationFailedException broken) {
		println JsonOutput.toJson([refused: broken.message])
	}
}
